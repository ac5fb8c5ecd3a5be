"""What can be asked for: one module per pool, each task a few lines over the domain.

:mod:`.catalogue` lists them all; :mod:`.base` carries a job through its ledger.
"""
