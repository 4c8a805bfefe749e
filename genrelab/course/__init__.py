"""Tools for making the course: execute chapters, write their notebooks, build the book.

Learners never meet this room. It runs from a checkout, never from an installed wheel:

``python -m genrelab.course run|notebooks|book``
"""
