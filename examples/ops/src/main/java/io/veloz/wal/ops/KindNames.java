package io.veloz.wal.ops;

import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.Kind;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** Names and checks the kinds of a command. Stateless. */
final class KindNames {
    private KindNames() {}

    /** Returns the labels: {@code database, roles}. */
    static String of(Collection<Kind> kinds) {
        return kinds.stream().sorted().map(Kind::label).collect(Collectors.joining(", "));
    }

    /** Throws a {@link CommandFailure} if the profile has no settings for a kind. */
    static void requireIn(Set<Kind> kinds, BackupProfile profile) {
        Set<Kind> missing = EnumSet.noneOf(Kind.class);
        missing.addAll(kinds);
        missing.removeAll(profile.kinds());
        if (!missing.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.REFUSED, profile.file() + " has no " + of(missing) + "; it has " + of(profile.kinds()));
        }
    }
}
