package io.veloz.wal.backup.internal.tree;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/**
 * Sets owner and group of unpacked files: by name, because a user may have another number on a new machine, and the old
 * number may belong to another user there; by number only if the name is unknown. It belongs to one thread.
 */
final class Owners {
    private final Map<String, UserPrincipal> users = new HashMap<>();
    private final Map<String, GroupPrincipal> groups = new HashMap<>();
    private final Set<String> findings = new LinkedHashSet<>();

    private interface Lookup<T> {
        T byName(UserPrincipalLookupService service, String name) throws IOException;
    }

    /** Returns names that are unknown, once each, and owners that could not be set. */
    List<String> findings() {
        return List.copyOf(findings);
    }

    void set(Path path, TarArchiveEntry entry) throws IOException {
        long uid = entry.getLongUserId();
        long gid = entry.getLongGroupId();
        PosixFileAttributeView view =
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        PosixFileAttributes now = view.readAttributes();
        try {
            UserPrincipal owner = find(
                    users, "owner", entry.getUserName(), uid, path, UserPrincipalLookupService::lookupPrincipalByName);
            GroupPrincipal group = find(
                    groups,
                    "group",
                    entry.getGroupName(),
                    gid,
                    path,
                    UserPrincipalLookupService::lookupPrincipalByGroupName);
            if (!now.owner().equals(owner)) {
                view.setOwner(owner);
            }
            if (!now.group().equals(group)) {
                view.setGroup(group);
            }
        } catch (IOException | SecurityException e) {
            findings.add("/" + entry.getName() + ": owner " + entry.getUserName() + ":" + entry.getGroupName() + " ("
                    + uid + ":" + gid + ") could not be set: " + e.getMessage());
        }
    }

    private <T> T find(Map<String, T> found, String what, String name, long number, Path path, Lookup<T> lookup)
            throws IOException {
        String key = name + ":" + number;
        T known = found.get(key);
        if (known == null) {
            known = look(what, name, number, path.getFileSystem().getUserPrincipalLookupService(), lookup);
            found.put(key, known);
        }
        return known;
    }

    private <T> T look(String what, String name, long number, UserPrincipalLookupService service, Lookup<T> lookup)
            throws IOException {
        // The JDK takes a name of digits that no user has for a number.
        String digits = Long.toString(number);
        if (!name.isEmpty() && !name.equals(digits)) {
            try {
                return lookup.byName(service, name);
            } catch (UserPrincipalNotFoundException e) {
                findings.add("the " + what + " " + name + " is unknown on this machine: its files have the number "
                        + number + "; create it and correct them");
            }
        }
        return lookup.byName(service, digits);
    }
}
