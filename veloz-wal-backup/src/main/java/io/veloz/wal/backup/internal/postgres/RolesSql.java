package io.veloz.wal.backup.internal.postgres;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The roles in an output of {@code pg_dumpall --globals-only}. It selects statements of some roles, and never runs others:
 * the output also names superusers, tablespaces and roles of other databases.
 */
final class RolesSql {
    /** Attributes that a role without superuser may not name, and that a new role has not anyway. */
    private static final Set<String> DEFAULTS = Set.of("NOSUPERUSER", "NOREPLICATION", "NOBYPASSRLS");

    private final List<List<String>> statements;

    RolesSql(String sql) {
        this.statements = statements(sql);
    }

    /**
     * Returns the statements that create the missing roles, the roles that those are members of, if they do not exist either,
     * and their memberships.
     */
    List<String> forMissing(Set<String> missing, Set<String> existing) {
        Set<String> created = new HashSet<>(missing);
        for (int before = -1; before != created.size(); ) {
            before = created.size();
            for (List<String> words : statements) {
                if (isMembership(words)
                        && created.contains(name(words.get(3)))
                        && !existing.contains(name(words.get(1)))) {
                    created.add(name(words.get(1)));
                }
            }
        }
        List<String> selected = new ArrayList<>();
        for (List<String> words : statements) {
            if (starts(words, "CREATE", "ROLE") || starts(words, "ALTER", "ROLE")) {
                addIf(created.contains(name(words.get(2))), selected, words);
            } else if (starts(words, "COMMENT", "ON", "ROLE")) {
                addIf(created.contains(name(words.get(3))), selected, words);
            } else if (isMembership(words)) {
                String group = name(words.get(1));
                String member = name(words.get(3));
                boolean one = created.contains(group) || created.contains(member);
                boolean both = (created.contains(group) || existing.contains(group))
                        && (created.contains(member) || existing.contains(member));
                addIf(one && both, selected, withoutGrantor(words));
            }
        }
        return selected;
    }

    private static void addIf(boolean wanted, List<String> selected, List<String> words) {
        if (wanted) {
            List<String> kept = new ArrayList<>(words);
            kept.removeIf(word -> DEFAULTS.contains(word.toUpperCase(Locale.ROOT)));
            selected.add(String.join(" ", kept));
        }
    }

    /** The grantor may not exist, and only a superuser may name another one. */
    private static List<String> withoutGrantor(List<String> words) {
        for (int i = 4; i + 1 < words.size(); i++) {
            if (words.get(i).equalsIgnoreCase("GRANTED") && words.get(i + 1).equalsIgnoreCase("BY")) {
                return words.subList(0, i);
            }
        }
        return words;
    }

    private static boolean isMembership(List<String> words) {
        return words.size() >= 4
                && words.get(0).equalsIgnoreCase("GRANT")
                && words.get(2).equalsIgnoreCase("TO");
    }

    private static boolean starts(List<String> words, String... expected) {
        if (words.size() <= expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (!words.get(i).equalsIgnoreCase(expected[i])) {
                return false;
            }
        }
        return true;
    }

    private static String name(String word) {
        return word.startsWith("\"")
                ? word.substring(1, Math.max(1, word.length() - 1)).replace("\"\"", "\"")
                : word.toLowerCase(Locale.ROOT);
    }

    private static List<List<String>> statements(String sql) {
        List<List<String>> statements = new ArrayList<>();
        List<String> words = new ArrayList<>();
        int at = 0;
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (Character.isWhitespace(c)) {
                at++;
            } else if (sql.startsWith("--", at) || c == '\\') {
                int end = sql.indexOf('\n', at);
                at = end < 0 ? sql.length() : end + 1;
            } else if (c == ';') {
                statements.add(List.copyOf(words));
                words.clear();
                at++;
            } else {
                int end = wordEnd(sql, at);
                words.add(sql.substring(at, end));
                at = end;
            }
        }
        return statements;
    }

    /** A word ends at a space or semicolon outside of quotes. */
    private static int wordEnd(String sql, int from) {
        int at = from;
        while (at < sql.length() && !Character.isWhitespace(sql.charAt(at)) && sql.charAt(at) != ';') {
            char c = sql.charAt(at);
            at++;
            if (c == '"' || c == '\'') {
                boolean escapes = c == '\'' && at - 2 >= from && Character.toUpperCase(sql.charAt(at - 2)) == 'E';
                while (at < sql.length() && sql.charAt(at) != c) {
                    at += escapes && sql.charAt(at) == '\\' ? 2 : 1;
                }
                at++;
            }
        }
        return Math.min(at, sql.length());
    }
}
