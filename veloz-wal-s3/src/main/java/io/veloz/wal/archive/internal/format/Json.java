package io.veloz.wal.archive.internal.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A JSON object of strings, whole numbers and such objects, in memory. It belongs to one thread. */
final class Json {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(4)
                    .maxStringLength(4096)
                    .build())
            .build();

    private final String where;
    private final Map<String, Object> fields;

    private Json(String where, Map<String, Object> fields) {
        this.where = where;
        this.fields = fields;
    }

    static Json create() {
        return new Json("", new LinkedHashMap<>());
    }

    Json put(String name, Object stringOrLongOrJson) {
        fields.put(name, stringOrLongOrJson instanceof Json json ? json.fields : stringOrLongOrJson);
        return this;
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
            write(out, fields);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    private static void write(JsonGenerator out, Map<?, ?> object) throws IOException {
        out.writeStartObject();
        for (Map.Entry<?, ?> field : object.entrySet()) {
            out.writeFieldName((String) field.getKey());
            if (field.getValue() instanceof Map<?, ?> nested) {
                write(out, nested);
            } else if (field.getValue() instanceof Long number) {
                out.writeNumber(number);
            } else {
                out.writeString((String) field.getValue());
            }
        }
        out.writeEndObject();
    }

    /**
     * Reads one object, and nothing behind it.
     *
     * @param where what messages call it
     */
    static Json decode(String where, byte[] bytes) throws BadObjectException {
        try (JsonParser in = FACTORY.createParser(bytes)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new BadObjectException(where + ": expected a JSON object");
            }
            Map<String, Object> fields = read(in);
            if (in.nextToken() != null) {
                throw new BadObjectException(where + ": bytes behind the JSON object");
            }
            return new Json(where, fields);
        } catch (BadObjectException e) {
            throw e;
        } catch (IOException e) {
            throw new BadObjectException(where + ": no JSON: " + e.getClass().getSimpleName(), e);
        }
    }

    private static Map<String, Object> read(JsonParser in) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = in.currentName();
            switch (in.nextToken()) {
                case START_OBJECT -> fields.put(name, read(in));
                case VALUE_STRING -> fields.put(name, in.getText());
                case VALUE_NUMBER_INT -> fields.put(name, in.getLongValue());
                case VALUE_TRUE, VALUE_FALSE, VALUE_NULL, VALUE_NUMBER_FLOAT -> fields.put(name, "");
                // Fields that a later version added may be lists; they do not count here.
                case START_ARRAY -> in.skipChildren();
                default -> throw new IOException("unexpected token");
            }
        }
        return fields;
    }

    boolean has(String name) {
        return fields.containsKey(name);
    }

    String string(String name) throws BadObjectException {
        @Nullable Object value = fields.get(name);
        if (value instanceof String text) {
            return text;
        }
        throw new BadObjectException(where + ": field \"" + name + "\" is " + value + "; expected a string");
    }

    long number(String name, long least) throws BadObjectException {
        @Nullable Object value = fields.get(name);
        if (value instanceof Long number && number >= least) {
            return number;
        }
        throw new BadObjectException(
                where + ": field \"" + name + "\" is " + value + "; expected a number of at least " + least);
    }

    /** 64 hex digits. */
    String sha256(String name) throws BadObjectException {
        String text = string(name);
        if (!text.matches("[0-9a-f]{64}")) {
            throw new BadObjectException(where + ": field \"" + name + "\" is " + text + "; expected 64 hex digits");
        }
        return text;
    }

    Json object(String name) throws BadObjectException {
        @Nullable Object value = fields.get(name);
        if (value instanceof Map<?, ?> nested) {
            Map<String, Object> copy = new LinkedHashMap<>();
            nested.forEach((key, field) -> copy.put((String) key, field));
            return new Json(where + "." + name, copy);
        }
        throw new BadObjectException(where + ": field \"" + name + "\" is " + value + "; expected an object");
    }
}
