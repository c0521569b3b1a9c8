"""Validate: what the shapes demand of the present and do not find (SHACL, W3C Recommendation).

Shapes are read once (``parse``), evaluated at one focus node (``evaluate``) or at all of them
(``candidates``), and followed where facts change (``affected``, ``validator``). pySHACL is the
reference, and runs what is left (``reference``).
"""
