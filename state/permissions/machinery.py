"""When Codex's sandbox itself cannot work: who is in its way, and what helps.

Owns those sentences: a missing bubblewrap, refused namespaces, a sandbox inside a
sandbox. Does not own what a policy blocked (`diagnose`). Pure.
"""

from __future__ import annotations

from state.permissions.diagnosis import Blocker, Diagnosis
from state.permissions.noise import Finding, Noise
from state.permissions.remedies import (
    Context,
    allow_write,
    own_folders,
    profile_entry,
)


def no_helper(found: Finding, context: Context) -> Diagnosis:
    return Diagnosis(
        Blocker.OUTER,
        "Codex could not place its sandbox helper: its folder "
        f"{context.home}/tmp cannot be written, or lies under a temporary folder.",
        "Let the sandbox around Codex write its home, and keep CODEX_HOME out of /tmp.",
        allow_write(own_folders(context)),
        "json",
        noise=found.noise,
    )


def no_mount(found: Finding, context: Context) -> Diagnosis:
    folder = found.subject.rpartition("/")[0] or "/"
    return Diagnosis(
        Blocker.OUTER,
        f"Codex's sandbox cannot be set up: {folder} is read-only for Codex itself, so "
        "no command runs there.",
        "Let the sandbox around Codex write that folder, or start the thread in one "
        "that can be written.",
        allow_write((folder, *own_folders(context))),
        "json",
        noise=found.noise,
        subject=found.subject,
    )


def unreadable_self(found: Finding, context: Context) -> Diagnosis:
    name = f"the profile {context.profile}" if context.profile else "the profile"
    return Diagnosis(
        Blocker.SANDBOX,
        f"Codex's sandbox cannot even start: {name} does not let it read its own "
        "program.",
        "Let the profile read the whole disk, or add codex's folder and `:minimal`.",
        profile_entry(context, ":root", access="read"),
        "toml",
        noise=found.noise,
        subject=found.subject,
    )


def symlink(found: Finding, context: Context) -> Diagnosis:
    del context
    path = found.subject
    return Diagnosis(
        Blocker.SANDBOX,
        f"Codex's sandbox refuses every command here: {path or 'a protected path'} is "
        "reached through a symlink inside another writable root.",
        "Start the thread in the folder's real path instead of the link.",
        noise=found.noise,
        subject=path,
    )


ALWAYS: dict[Noise, Diagnosis] = {
    Noise.NO_BWRAP: Diagnosis(
        Blocker.SYSTEM,
        "Codex found no bubblewrap, so no command can run in its sandbox.",
        "Install bubblewrap with the system's package manager.",
        "sudo apt install bubblewrap",
        "sh",
        noise=Noise.NO_BWRAP,
    ),
    Noise.NO_NAMESPACE: Diagnosis(
        Blocker.SYSTEM,
        "The system refuses the user namespaces that Codex's sandbox is made of: "
        "Codex runs inside a container or another sandbox, or they are switched off.",
        "Allow unprivileged user namespaces, or start the engine outside that sandbox.",
        "sudo sysctl -w kernel.unprivileged_userns_clone=1 "
        "kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=15000",
        "sh",
        noise=Noise.NO_NAMESPACE,
    ),
    Noise.MOUNT_REGISTRY: Diagnosis(
        Blocker.OUTER,
        "Codex's sandbox keeps a registry under /tmp and cannot write it: Codex itself "
        "runs with a read-only /tmp.",
        "Let the sandbox around Codex write /tmp.",
        allow_write(("/tmp",)),
        "json",
        noise=Noise.MOUNT_REGISTRY,
    ),
    Noise.NESTED: Diagnosis(
        Blocker.SANDBOX,
        "Codex was started inside Codex's own sandbox, which hides the engine's "
        "socket: no sandbox can be made in there.",
        "Let that command run outside the sandbox when it asks, or start the inner "
        "codex in a terminal.",
        noise=Noise.NESTED,
    ),
    Noise.DISK_FULL: Diagnosis(
        Blocker.SYSTEM,
        "The disk is full: nothing more could be written.",
        "Free some space; then restart the engine, as the history it shows stays "
        "broken until then.",
        noise=Noise.DISK_FULL,
    ),
    Noise.WRITER_LOCK: Diagnosis(
        Blocker.CODEX,
        "Another Codex process writes this thread; two may not.",
        "Close it there, or fork the thread and go on in the fork.",
        noise=Noise.WRITER_LOCK,
    ),
    Noise.LANDLOCK: Diagnosis(
        Blocker.SANDBOX,
        "Codex's legacy Landlock sandbox could not be put in force or refused this.",
        "Use the bubblewrap sandbox: remove use_legacy_landlock from config.toml.",
        "[features]\nuse_legacy_landlock = false",
        "toml",
        noise=Noise.LANDLOCK,
    ),
}
"""What needs no more than the words themselves."""
