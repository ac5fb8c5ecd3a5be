"""Git and Breezy as programs that are let at a repository's objects, and at nothing else of it.

:mod:`.sealed_git` and :mod:`.sealed_breezy` start them to read: a few stay and are asked again
(:mod:`.kept_programs`), and :mod:`.git_objects` says what is asked. Where Git writes it is
:mod:`.git_program`.
"""
