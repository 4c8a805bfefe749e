"""Cut a document into windows: pure integers, no tokens, no tensors."""


def windows(n_tokens: int, size: int, overlap: int = 0) -> list[tuple[int, int]]:
    """Cut ``n_tokens`` into half-open windows of at most ``size`` tokens.

    Every token lies in at least one window, windows come in order, none is empty and none lies
    inside another.

    Parameters
    ----------
    n_tokens : int
        Length of the document, in tokens; at least 1.
    size : int
        Longest window, in tokens (the model's limit less its special tokens).
    overlap : int, default=0
        Tokens that neighbours share; ``0 <= overlap < size``. Hugging Face calls this *stride*.

    Returns
    -------
    list of (start, stop)

    Raises
    ------
    ValueError
        If a length is not positive or ``overlap`` does not fit into ``size``.

    Examples
    --------
    >>> windows(10, size=4, overlap=1)
    [(0, 4), (3, 7), (6, 10)]
    >>> windows(3, size=4)
    [(0, 3)]
    """
    if n_tokens < 1:
        raise ValueError(f"n_tokens is {n_tokens}; expected at least 1. Drop empty documents.")
    if size < 1:
        raise ValueError(f"size is {size}; expected at least 1 token a window.")
    if not 0 <= overlap < size:
        raise ValueError(
            f"overlap is {overlap}; expected 0 <= overlap < size = {size}. Lower the overlap."
        )
    step = size - overlap
    starts = range(0, max(n_tokens - overlap, 1), step)
    return [(start, min(start + size, n_tokens)) for start in starts]
