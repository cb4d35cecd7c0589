"""Read models: what widgets are given, ready to draw.

Owns their shapes only; `state.select` builds them. All text in them has passed one
of the three doors. Frozen and eq=False: a widget compares identity, and an object
that is the same needs no drawing. Times are ms since the epoch; widgets get "now"
from outside and never read a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.lazily import names_in

if TYPE_CHECKING:
    from state.views.agents import AgentDetail, AgentRow, AgentTreeView
    from state.views.approvals import (
        ApprovalsView,
        InForce,
        Option,
        PresetRow,
        Setting,
        Switch,
    )
    from state.views.base import Bit, Bits, Glyph, Tone
    from state.views.cells import (
        AnswerCell,
        Cell,
        CellBody,
        CommandCell,
        EventCell,
        FileView,
        LiveLine,
        NoticeCell,
        PatchCell,
        PlanCell,
        SaidCell,
        ThoughtCell,
        TranscriptView,
        TurnRule,
    )
    from state.views.experimental import (
        ExperimentalView,
        FeatureGroup,
        FeatureRow,
    )
    from state.views.frame import BannerView, ComposerView, HeaderView, SandboxLine
    from state.views.ledger import (
        Fact,
        GrantRow,
        LedgerRow,
        LedgerView,
    )
    from state.views.profile import EntryRow, ProfileView
    from state.views.push import PushRow, PushSection, PushView
    from state.views.review import FieldView, OptionView, ReviewCardView
    from state.views.sandbox import ProbeLine, RootLine, SandboxView, SettingLine
    from state.views.side import ReviewRow, SideView
    from state.views.terminals import OutputView, TerminalRow, TerminalsView
    from state.views.threads import ThreadGroup, ThreadListView, ThreadRow
    from state.views.timeline import LaneRow, MomentRow, TerminalLane, TimelineView
else:
    __getattr__ = names_in(
        __name__,
        {
            "agents": "AgentDetail AgentRow AgentTreeView",
            "approvals": "ApprovalsView InForce Option PresetRow Setting Switch",
            "base": "Bit Bits Glyph Tone",
            "cells": (
                "AnswerCell Cell CellBody CommandCell EventCell FileView "
                "LiveLine NoticeCell PatchCell PlanCell SaidCell "
                "ThoughtCell TranscriptView TurnRule"
            ),
            "experimental": "ExperimentalView FeatureGroup FeatureRow",
            "frame": "BannerView ComposerView HeaderView SandboxLine",
            "ledger": "Fact GrantRow LedgerRow LedgerView",
            "profile": "EntryRow ProfileView",
            "push": "PushRow PushSection PushView",
            "review": "FieldView OptionView ReviewCardView",
            "sandbox": "ProbeLine RootLine SandboxView SettingLine",
            "side": "ReviewRow SideView",
            "terminals": "OutputView TerminalRow TerminalsView",
            "threads": "ThreadGroup ThreadListView ThreadRow",
            "timeline": "LaneRow MomentRow TerminalLane TimelineView",
        },
    )

__all__ = [
    "AgentDetail",
    "AgentRow",
    "AgentTreeView",
    "AnswerCell",
    "ApprovalsView",
    "BannerView",
    "Bit",
    "Bits",
    "Cell",
    "CellBody",
    "CommandCell",
    "ComposerView",
    "EntryRow",
    "EventCell",
    "ExperimentalView",
    "Fact",
    "FeatureGroup",
    "FeatureRow",
    "FieldView",
    "FileView",
    "Glyph",
    "GrantRow",
    "HeaderView",
    "InForce",
    "LaneRow",
    "LedgerRow",
    "LedgerView",
    "LiveLine",
    "MomentRow",
    "NoticeCell",
    "Option",
    "OptionView",
    "OutputView",
    "PatchCell",
    "PlanCell",
    "PresetRow",
    "ProbeLine",
    "ProfileView",
    "PushRow",
    "PushSection",
    "PushView",
    "ReviewCardView",
    "ReviewRow",
    "RootLine",
    "SaidCell",
    "SandboxLine",
    "SandboxView",
    "Setting",
    "SettingLine",
    "SideView",
    "Switch",
    "TerminalLane",
    "TerminalRow",
    "TerminalsView",
    "ThoughtCell",
    "ThreadGroup",
    "ThreadListView",
    "ThreadRow",
    "TimelineView",
    "Tone",
    "TranscriptView",
    "TurnRule",
]
