"""Why a candidate stands where it stands in the queue, or why it does not stand there.

An :class:`Explanation` puts together the :mod:`.factors` of the number, the :mod:`.place` in the
queue, what is :mod:`.ahead` of it, and the :mod:`.reasons` why nobody takes it now. How long it
waits is told by :mod:`janitor.queue.waiting`; docs/how-to/explain-a-place.md says how to read
all this.
"""

from janitor.schedule.explain.ahead import Ahead, HeldBack
from janitor.schedule.explain.explanation import Explanation, explain
from janitor.schedule.explain.factors import Factors
from janitor.schedule.explain.place import Place

__all__ = ["Ahead", "Explanation", "Factors", "HeldBack", "Place", "explain"]
