package io.veloz.wal.backup.internal.postgres;

import java.util.List;

/**
 * What a recovery of a database will find and do; nothing was changed.
 *
 * @param names of the live, staged and kept database
 * @param server version of the server, as {@code server_version_num}
 * @param liveExists whether a database has the live name, and is kept
 * @param leftover whether a database has the staged name and the mark of some recovery; it is dropped only if it is
 *     recorded as staging of this profile
 * @param missingRoles roles that the database needs and the server does not have
 * @param mayCreateRoles whether the role that restores has CREATEROLE
 * @param findings that do not prevent the recovery
 */
public record DatabasePlan(
        DatabaseNames names,
        int server,
        boolean liveExists,
        boolean leftover,
        List<String> missingRoles,
        boolean mayCreateRoles,
        List<String> findings) {
    public DatabasePlan {
        missingRoles = List.copyOf(missingRoles);
        findings = List.copyOf(findings);
    }

    /** Returns a line for each step. */
    public List<String> describe() {
        String live = "database " + names.live();
        return List.of(
                (leftover ? "drop " + names.staged() + " if this profile has staged it, and " : "") + "restore " + live
                        + " as " + names.staged(),
                liveExists ? "keep " + live + " as " + names.kept() : live + " does not exist: nothing is kept",
                "rename " + names.staged() + " to " + names.live());
    }
}
