"""The choices of this page, which its address says."""

from ui.choices import BACKPROP

PREFIX = BACKPROP.prefix  # of their keys in the session
said, choose, say = BACKPROP.said, BACKPROP.choose, BACKPROP.say
linked, refuse = BACKPROP.linked, BACKPROP.refuse
begin, part, moving = BACKPROP.begin, BACKPROP.part, BACKPROP.moving
