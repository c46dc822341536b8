package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.DatabaseFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of a restored database with the facts of its recovery point.
 *
 * @param differences that prevent the switch, with what was expected and got
 * @param findings that do not: a server of a later version may have later versions of extensions
 */
record DatabaseComparison(List<String> differences, List<String> findings) {
    /** Compares everything. The description names private properties and does not contain their values. */
    static DatabaseComparison of(DatabaseFacts expected, PrivateProperties expectedProperties, FactsQuery.Found found)
            throws PostgresException {
        DatabaseFacts got = found.facts();
        DatabaseComparison comparison = new DatabaseComparison(new ArrayList<>(), new ArrayList<>());
        comparison.compare("owner", expected.owner(), got.owner());
        comparison.compare("encoding", expected.encoding(), got.encoding());
        comparison.compare("collate", expected.collate(), got.collate());
        comparison.compare("ctype", expected.ctype(), got.ctype());
        comparison.compare("locale", expected.locale(), got.locale());
        comparison.compare("connection limit", expected.connectionLimit(), got.connectionLimit());
        comparison.compare("settings", expected.settings(), got.settings());
        comparison.compareProperties(expectedProperties, found.properties());
        comparison.compare("privileges", expected.acl(), got.acl());
        comparison.compare("roles", expected.roles(), got.roles());
        comparison.compareExtensions(expected.extensions(), got.extensions());
        new TreeMap<>(expected.rows())
                .forEach((table, count) ->
                        comparison.compare("rows of " + table, count, got.rows().get(table)));
        if (got.applied().isPresent()) {
            comparison.compare("applied sequence", expected.applied(), got.applied());
        }
        return comparison;
    }

    private void compare(String what, Object expected, @Nullable Object got) {
        if (!Objects.equals(expected, got)) {
            differences.add(what + ": expected " + expected + ", got " + got);
        }
    }

    private void compareProperties(PrivateProperties expected, PrivateProperties got) throws PostgresException {
        if (!expected.comment().equals(DatabaseNames.original(got.comment()))) {
            differences.add("the comment differs");
        }
        for (String setting : got.settings()) {
            String name = DatabaseProperties.name(setting);
            if (!expected.settings().contains(setting)
                    && DatabaseProperties.names(expected.settings()).contains(name)) {
                differences.add("the value of the setting " + name + " differs");
            }
        }
    }

    private void compareExtensions(List<String> expected, List<String> got) {
        Map<String, String> before = versions(expected);
        Map<String, String> after = versions(got);
        compare("extensions", before.keySet(), after.keySet());
        before.forEach((name, version) -> {
            String now = after.get(name);
            if (now != null && !now.equals(version)) {
                findings.add("extension " + name + " has version " + now + "; it had " + version);
            }
        });
    }

    private static Map<String, String> versions(List<String> extensions) {
        Map<String, String> versions = new TreeMap<>();
        for (String extension : extensions) {
            int space = extension.lastIndexOf(' ');
            versions.put(extension.substring(0, space), extension.substring(space + 1));
        }
        return versions;
    }
}
