"""The branches of our own repositories: looked up, moved, and published for runs.

:mod:`.port` says what can be done with them, :mod:`.git` and :mod:`.bzr` do it, one writer of a
repository at a time (:mod:`.turn`). :mod:`.publishing` gives the branches of runs their names.
"""
