"""May it go there? Labels, sharing agreements, and the decisions: who may publish, who may receive, and why.

This room imports the standard library only. It does no I/O, reads no clock and knows no database: values and the
instant of the decision come in, a decision with all its reasons goes out. The other rooms satisfy its Protocols.
"""
