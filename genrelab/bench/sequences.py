"""``genrelab bench sequences``: nets that read word after word, on loglines and synopses.

Rows and folds as in `genrelab.bench.words`, but thresholds are tuned on two inner folds, not three.
"""

from genrelab.bench import Table
from genrelab.bench.words import rows_by_rule, table_of


def table() -> Table:
    """Return the table; frozen word vectors are tried on loglines alone, which are quicker."""
    rows = rows_by_rule("logline", ("BiLSTM",)) | rows_by_rule("synopsis", ("BiLSTM",))
    rows |= rows_by_rule("logline", ("BiGRU", "BiGRU, frozen"))
    rows |= rows_by_rule("synopsis", ("BiGRU",))
    return table_of("sequences", "Recurrent nets on loglines and synopses", rows)
