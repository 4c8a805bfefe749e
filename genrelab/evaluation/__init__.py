"""Cross-validation with inner tuning, paired comparison, and recorded results.

A headline number pools the out-of-fold predictions of a repeat, and averages over the repeats.
"""

from genrelab.evaluation.comparing import (
    Comparison,
    compare,
    compare_on_rows,
    compare_results,
    nadeau_bengio,
)
from genrelab.evaluation.crossval import (
    CVResult,
    FoldOutcome,
    collect,
    cross_validate,
    run_fold,
    summaries,
)
from genrelab.evaluation.recorded import environment, glue, hardware, read_result, record

__all__ = [
    "CVResult",
    "Comparison",
    "FoldOutcome",
    "collect",
    "compare",
    "compare_on_rows",
    "compare_results",
    "cross_validate",
    "environment",
    "glue",
    "hardware",
    "nadeau_bengio",
    "read_result",
    "record",
    "run_fold",
    "summaries",
]
