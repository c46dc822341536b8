package io.veloz.wal.backup.internal.postgres;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Properties of a database that may contain secrets: a setting may be a key of an application, and a comment anything. They
 * are one JSON object after the dump, in the same encrypted and signed attachment; the recovery point, which is readable, has
 * only the names of the settings. The object also has all facts that the point has: a point is not signed, so a reader
 * believes it only if they are equal. {@code pg_restore} ignores what follows a dump.
 *
 * @param comment on the database; empty if it has none
 * @param settings of {@code ALTER DATABASE … SET}, as {@code name=value}, and those of a role in this database, as {@code
 *     ROLE "name" name=value}
 */
record PrivateProperties(String comment, List<String> settings) {
    /** Format 1 had no facts. */
    private static final int FORMAT = 2;

    private static final int MAX_BYTES = 8 << 20;
    private static final JsonFactory JSON = new JsonFactory();

    PrivateProperties {
        settings = List.copyOf(settings);
    }

    /** Returns the object with the facts of the dump before it. */
    byte[] toBytes(DatabaseFacts facts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeNumberField("format", FORMAT);
            json.writeStringField("comment", comment);
            json.writeArrayFieldStart("settings");
            for (String setting : settings) {
                json.writeString(setting);
            }
            json.writeEndArray();
            json.writeObjectFieldStart("facts");
            for (Map.Entry<String, String> fact : FactFields.of(facts).entrySet()) {
                json.writeStringField(fact.getKey(), fact.getValue());
            }
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("in memory", e);
        }
        bytes.write('\n');
        return bytes.toByteArray();
    }

    /**
     * Reads the stream to its end.
     *
     * @param facts of the recovery point
     * @throws RecoveryException DAMAGED, also if the facts are others than those of the stream; VERSION
     */
    static PrivateProperties read(InputStream in, DatabaseFacts facts) throws IOException {
        byte[] bytes = in.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw damaged("more than " + MAX_BYTES + " bytes");
        }
        try (JsonParser json = JSON.createParser(bytes)) {
            expect(json.nextToken() == JsonToken.START_OBJECT);
            expect("format".equals(json.nextFieldName()));
            int format = json.nextIntValue(0);
            if (format != FORMAT) {
                throw new RecoveryException(
                        Reason.VERSION,
                        "the properties after the dump have format " + format + "; this version knows " + FORMAT
                                + ": use " + (format > FORMAT ? "a newer one" : "the one that made the backup"));
            }
            expect("comment".equals(json.nextFieldName()));
            expect(json.nextToken() == JsonToken.VALUE_STRING);
            String comment = json.getText();
            expect("settings".equals(json.nextFieldName()));
            expect(json.nextToken() == JsonToken.START_ARRAY);
            List<String> settings = new ArrayList<>();
            while (json.nextToken() == JsonToken.VALUE_STRING) {
                settings.add(json.getText());
            }
            expect(json.currentToken() == JsonToken.END_ARRAY);
            SortedMap<String, String> signed = facts(json);
            expect(json.nextToken() == JsonToken.END_OBJECT && json.nextToken() == null);
            FactFields.requireEqual(signed, facts);
            return new PrivateProperties(comment, settings);
        } catch (JsonProcessingException e) {
            // Without the parser's text, which quotes the input.
            throw damaged("not the JSON that a backup writes, at byte "
                    + e.getLocation().getByteOffset());
        }
    }

    private static SortedMap<String, String> facts(JsonParser json) throws IOException {
        expect("facts".equals(json.nextFieldName()));
        expect(json.nextToken() == JsonToken.START_OBJECT);
        SortedMap<String, String> facts = new TreeMap<>();
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            expect(json.nextToken() == JsonToken.VALUE_STRING);
            expect(facts.put(name, json.getText()) == null);
        }
        expect(json.currentToken() == JsonToken.END_OBJECT);
        return facts;
    }

    private static void expect(boolean valid) {
        if (!valid) {
            throw damaged("not the object that a backup writes");
        }
    }

    private static RecoveryException damaged(String what) {
        return new RecoveryException(Reason.DAMAGED, "the properties of the database after the dump are " + what);
    }

    /** Without values, which may be secrets. */
    @Override
    public String toString() {
        return "PrivateProperties[" + settings.size() + " settings]";
    }
}
