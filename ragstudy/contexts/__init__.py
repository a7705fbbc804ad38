"""The contexts that come with ragstudy, one file each: what the passages of a test prompt are (docs/contexts.md).

Examples:
    >>> from ragstudy.contexts.oracle import ORACLE
    >>> ORACLE.meant_to_answer
    True
"""
