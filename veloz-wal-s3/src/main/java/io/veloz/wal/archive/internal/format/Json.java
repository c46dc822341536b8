package io.veloz.wal.archive.internal.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A JSON object of strings, integers and nested objects, in memory. An instance is confined to one thread. */
final class Json {
    private static final int MAX_DEPTH = 16;
    private static final int MAX_STRING_CHARS = 16 * 1024;
    private static final int MAX_NUMBER_CHARS = 64;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_STRING_CHARS)
                    .maxNumberLength(MAX_NUMBER_CHARS)
                    .build())
            // Two readers could otherwise use different values of a duplicate field.
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Replaces a value whose type no known field has. */
    private static final Object OTHER = new Object() {
        @Override
        public String toString() {
            return "of another type";
        }
    };

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
     * Decodes exactly one object.
     *
     * @param where the name of the object in messages
     */
    static Json decode(String where, byte[] bytes) throws BadObjectException {
        try (JsonParser in = FACTORY.createParser(bytes)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new BadObjectException(where + ": expected a JSON object");
            }
            Map<String, Object> fields = read(in);
            if (in.nextToken() != null) {
                throw new BadObjectException(where + ": bytes after the JSON object");
            }
            return new Json(where, fields);
        } catch (BadObjectException e) {
            throw e;
        } catch (IOException e) {
            throw new BadObjectException(
                    where + ": invalid JSON: " + e.getClass().getSimpleName(), e);
        }
    }

    private static Map<String, Object> read(JsonParser in) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = in.currentName();
            switch (in.nextToken()) {
                case START_OBJECT -> fields.put(name, read(in));
                case VALUE_STRING -> fields.put(name, in.getText());
                case VALUE_NUMBER_INT -> fields.put(name, number(in));
                // A field that a later version added may have any type.
                // The type of a known field is checked when it is read.
                case VALUE_TRUE, VALUE_FALSE, VALUE_NULL, VALUE_NUMBER_FLOAT -> fields.put(name, OTHER);
                case START_ARRAY -> {
                    in.skipChildren();
                    fields.put(name, OTHER);
                }
                default -> throw new IOException("unexpected token");
            }
        }
        return fields;
    }

    /** Returns an integer of 64 bits, or {@link #OTHER}. */
    private static Object number(JsonParser in) throws IOException {
        return in.getNumberType() == JsonParser.NumberType.BIG_INTEGER ? OTHER : (Object) in.getLongValue();
    }

    /** Returns the name of the object in messages. */
    String where() {
        return where;
    }

    /** Returns the names of the fields, in the order of the text. */
    Set<String> names() {
        return fields.keySet();
    }

    boolean has(String name) {
        return fields.containsKey(name);
    }

    String string(String name) throws BadObjectException {
        @Nullable Object value = fields.get(name);
        if (value instanceof String text) {
            return text;
        }
        throw bad(name, value, "a string");
    }

    /** Returns an integer of at least that value, and below the maximum, so that it can be incremented. */
    long number(String name, long least) throws BadObjectException {
        return number(name, least, Long.MAX_VALUE - 1);
    }

    /** Returns an integer from a range. */
    long number(String name, long least, long most) throws BadObjectException {
        @Nullable Object value = fields.get(name);
        if (value instanceof Long number && number >= least && number <= most) {
            return number;
        }
        throw bad(name, value, "an integer from " + least + " to " + most);
    }

    /** Returns a string of 64 hex digits. */
    String sha256(String name) throws BadObjectException {
        String text = string(name);
        if (!isHex(text, 64)) {
            throw bad(name, text, "64 hex digits");
        }
        return text;
    }

    /** Returns a string of 32 hex digits. */
    String hex32(String name) throws BadObjectException {
        String text = string(name);
        if (!isHex32(text)) {
            throw bad(name, text, "32 hex digits");
        }
        return text;
    }

    static boolean isHex32(String text) {
        return isHex(text, 32);
    }

    /** Not a regular expression: a proof reads millions of digests. */
    private static boolean isHex(String text, int digits) {
        boolean isHex = text.length() == digits;
        for (int i = 0; i < text.length() && isHex; i++) {
            char digit = text.charAt(i);
            isHex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
        }
        return isHex;
    }

    private BadObjectException bad(String name, @Nullable Object value, String expected) {
        String found = value == null ? "missing" : Text.printable(String.valueOf(value));
        return new BadObjectException(where + ": field \"" + name + "\" is " + found + "; expected " + expected);
    }

    Json object(String name) throws BadObjectException {
        @Nullable Object value = fields.get(name);
        if (value instanceof Map<?, ?> nested) {
            Map<String, Object> copy = new LinkedHashMap<>();
            nested.forEach((key, field) -> copy.put((String) key, field));
            return new Json(where + "." + name, copy);
        }
        throw bad(name, value, "an object");
    }
}
