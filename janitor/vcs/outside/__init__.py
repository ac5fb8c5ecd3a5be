"""Codebases' own branches, on hosts that are not ours: seen, fetched, and never trusted.

:mod:`.border` says where may be gone to, :mod:`.visitor` goes there. :mod:`.rotation` looks at one
codebase after the other, :mod:`.mirroring` brings a branch here.
"""
