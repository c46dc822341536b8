package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.VaultSecret.State;
import io.veloz.wal.backup.internal.vault.VaultSecret.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** Compares a secret of an export with that of a server. The result has names only, never values. Stateless. */
final class VaultComparison {
    /** Custom metadata of a path that an import has begun and not finished. */
    static final Obj UNFINISHED = new Obj().put("veloz-wal-import", "unfinished");

    /** The data of versions that an export does not have. An undelete shows it, so it explains itself. */
    static final Obj FILLER = new Obj().put("veloz-wal-import", "the data of this version is not in the backup");

    private VaultComparison() {}

    /** Returns the names of what differs; empty if both have the same history, settings and data. Times may differ. */
    static List<String> differences(VaultSecret expected, VaultSecret found) {
        List<String> names = new ArrayList<>();
        if (found.current() != expected.current()) {
            names.add("current version is " + found.current() + ", expected " + expected.current());
        }
        int last = Math.min(expected.current(), found.current());
        for (int number = Math.min(expected.oldest(), found.oldest()); number <= last; number++) {
            if (found.state(number) != expected.state(number)) {
                names.add("version " + number + " is " + found.state(number).label() + ", expected "
                        + expected.state(number).label());
            } else if (expected.state(number) == State.LIVE) {
                String prefix = expected.mount().version() == 1 ? "" : "version " + number + ": ";
                fields(prefix, data(expected, number), data(found, number), names);
            }
        }
        fields("", expected.settings(), found.settings(), names);
        return names;
    }

    private static void fields(
            String prefix, Optional<JsonValue> expected, Optional<JsonValue> found, List<String> names) {
        if (expected.isPresent()
                && found.isPresent()
                && expected.get() instanceof Obj one
                && found.get() instanceof Obj other) {
            fields(prefix, one, other, names);
        } else if (!expected.equals(found)) {
            names.add(prefix + "data differs");
        }
    }

    private static void fields(String prefix, Obj expected, Obj found, List<String> names) {
        SortedSet<String> all = new TreeSet<>(expected.fields().keySet());
        all.addAll(found.fields().keySet());
        for (String name : all) {
            if (!found.fields().containsKey(name)) {
                names.add(prefix + name + " is missing");
            } else if (!expected.fields().containsKey(name)) {
                names.add(prefix + name + " is not in the export");
            } else if (!Objects.equals(
                    expected.fields().get(name), found.fields().get(name))) {
                names.add(prefix + name + " differs");
            }
        }
    }

    private static Optional<JsonValue> data(VaultSecret secret, int number) {
        Version version = secret.versions().get(number);
        return version == null ? Optional.empty() : version.data();
    }

    /** Returns the data that an import writes as this version. */
    static JsonValue written(VaultSecret expected, int number) {
        return data(expected, number).orElse(FILLER);
    }

    /**
     * Returns whether an import of the same secret, cut at any request, left this. It is marked, but for the moment between
     * its first version and its mark. No version may have other content than the import writes.
     */
    static boolean isUnfinished(VaultSecret expected, VaultSecret found) {
        boolean marked = UNFINISHED.equals(found.settings().fields().get("custom_metadata"));
        boolean first = found.current() == 1 && found.settings().equals(VaultSecret.DEFAULTS);
        if (expected.mount().version() == 1
                || !(marked || first)
                || found.current() < 1
                || found.current() > expected.current()) {
            return false;
        }
        for (int number = expected.oldest(); number <= found.current(); number++) {
            if (!found.versions().containsKey(number)) {
                return false;
            }
        }
        for (Map.Entry<Integer, Version> entry : found.versions().entrySet()) {
            State state = entry.getValue().state();
            boolean ours = state == State.LIVE
                    ? entry.getValue().data().equals(Optional.of(written(expected, entry.getKey())))
                    : state == expected.state(entry.getKey());
            if (!ours) {
                return false;
            }
        }
        return true;
    }
}
