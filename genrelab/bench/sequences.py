"""``genrelab bench sequences``: nets that read word after word, on loglines and synopses.

Rows and folds as in `genrelab.bench.words`, but thresholds are tuned on two inner folds, not three.
Nets that learn their word vectors move with the rounding of the processor, in some folds by more
than .005, so the test runs only the one with frozen vectors again.
"""

from dataclasses import replace

from genrelab.bench import Table
from genrelab.bench.words import rows_by_rule, table_of

FROZEN = "BiGRU, frozen"


def table() -> Table:
    """Return the table; frozen word vectors are tried on loglines alone, which are quicker."""
    rows = rows_by_rule("logline", ("BiLSTM",)) | rows_by_rule("synopsis", ("BiLSTM",))
    rows |= rows_by_rule("logline", ("BiGRU", FROZEN))
    rows |= rows_by_rule("synopsis", ("BiGRU",))
    moving = tuple(name for name in rows if not name.endswith(FROZEN))
    recurrent = table_of("sequences", "Recurrent nets on loglines and synopses", rows)
    return replace(recurrent, not_repeated=moving)
