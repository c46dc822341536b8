package io.veloz.wal.backup.internal.vault;

import java.util.List;
import java.util.SortedMap;

/**
 * The difference of an export and a server, by names of paths and fields; it has no values. Immutable.
 *
 * @param missing paths that the server does not have: an import writes them
 * @param unfinished paths that an earlier import has begun: the next one finishes them
 * @param equal paths that the server has with the same history: an import skips them
 * @param different paths that the server has with another history, and the names of what differs: an import is refused
 * @param expiring paths with versions that were to be deleted later: an import writes them without that time
 */
public record VaultPlan(
        List<String> missing,
        List<String> unfinished,
        List<String> equal,
        SortedMap<String, List<String>> different,
        List<String> expiring) {
    private static final int SHOWN = 20;

    public VaultPlan {
        missing = List.copyOf(missing);
        unfinished = List.copyOf(unfinished);
        equal = List.copyOf(equal);
        expiring = List.copyOf(expiring);
    }

    /** Returns the differences in one line, the first of them if there are many. */
    public String describeDifferences() {
        StringBuilder text = new StringBuilder();
        int shown = 0;
        for (var difference : different.entrySet()) {
            if (shown++ == SHOWN) {
                return text.append("; and ")
                        .append(different.size() - SHOWN)
                        .append(" more")
                        .toString();
            }
            List<String> names = difference.getValue();
            text.append(text.length() == 0 ? "" : "; ")
                    .append(difference.getKey())
                    .append(" (");
            text.append(String.join(", ", names.subList(0, Math.min(SHOWN, names.size()))));
            text.append(names.size() > SHOWN ? ", …)" : ")");
        }
        return text.toString();
    }
}
