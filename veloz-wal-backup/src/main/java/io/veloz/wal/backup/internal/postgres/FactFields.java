package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The facts of a database as sorted names and texts. Different facts have different ones. Stateless. */
final class FactFields {
    private FactFields() {}

    static SortedMap<String, String> of(DatabaseFacts facts) {
        SortedMap<String, String> fields = new TreeMap<>();
        fields.put("system", facts.system());
        fields.put("server", Integer.toString(facts.serverVersion()));
        fields.put("dump", Integer.toString(facts.dumpVersion()));
        fields.put("dumpFormat", facts.dumpFormat());
        fields.put("dumpBytes", Long.toString(facts.dumpBytes()));
        fields.put("lsn", facts.lsn());
        fields.put("database", facts.database());
        fields.put("owner", facts.owner());
        fields.put("encoding", facts.encoding());
        fields.put("collate", facts.collate());
        fields.put("ctype", facts.ctype());
        fields.put("locale", facts.locale());
        fields.put("connectionLimit", Integer.toString(facts.connectionLimit()));
        fields.put("acl", facts.acl());
        put(fields, "settings", facts.settings());
        put(fields, "roles", facts.roles());
        put(fields, "extensions", facts.extensions());
        facts.rows().forEach((table, count) -> fields.put("rows of " + table, Long.toString(count)));
        facts.applied().ifPresent(sequence -> fields.put("applied", Long.toString(sequence)));
        return fields;
    }

    private static void put(SortedMap<String, String> fields, String name, List<String> values) {
        for (int i = 0; i < values.size(); i++) {
            fields.put(name + " " + i, values.get(i));
        }
    }

    /**
     * Compares the facts of a recovery point with those of its signed attachment.
     *
     * @throws RecoveryException DAMAGED, with the first fact that differs
     */
    static void requireEqual(SortedMap<String, String> signed, DatabaseFacts facts) {
        SortedMap<String, String> named = of(facts);
        TreeSet<String> names = new TreeSet<>(signed.keySet());
        names.addAll(named.keySet());
        for (String name : names) {
            if (!Objects.equals(signed.get(name), named.get(name))) {
                throw new RecoveryException(
                        Reason.DAMAGED,
                        "the recovery point has the fact " + name + " = " + text(named.get(name))
                                + "; the signed attachment has " + text(signed.get(name))
                                + ": the point was changed after the backup, recover another one");
            }
        }
    }

    private static String text(@Nullable String value) {
        return value == null ? "none" : "\"" + value + "\"";
    }
}
