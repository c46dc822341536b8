package io.veloz.wal.backup.internal.vault;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.veloz.wal.backup.internal.http.WipedBuffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value that may be secret. Numbers keep the text that they were written with: a double would lose digits. Objects
 * have sorted keys, so equal values have equal bytes. {@code toString} and the exceptions never contain a value. Immutable
 * but for {@link Obj#put}.
 */
sealed interface JsonValue {
    int MAX_NESTING = 500;
    JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_NESTING)
                    .maxStringLength(VaultClient.MAX_RESPONSE_BYTES)
                    .build())
            .build();

    /** An object. */
    record Obj(NavigableMap<String, JsonValue> fields) implements JsonValue {
        Obj() {
            this(new TreeMap<>());
        }

        Obj put(String name, JsonValue value) {
            fields.put(name, value);
            return this;
        }

        Obj put(String name, String value) {
            return put(name, new Text(value));
        }

        Obj put(String name, long value) {
            return put(name, new Literal(Long.toString(value)));
        }

        Optional<Obj> object(String name) {
            return fields.get(name) instanceof Obj obj ? Optional.of(obj) : Optional.empty();
        }

        Optional<String> text(String name) {
            return fields.get(name) instanceof Text text ? Optional.of(text.value()) : Optional.empty();
        }

        /** Returns the elements of an array; empty if it is missing. */
        List<JsonValue> array(String name) {
            return fields.get(name) instanceof Arr arr ? arr.elements() : List.of();
        }

        /** Returns a number of at most nine digits; -1 if it is missing or another value. */
        int number(String name) {
            return fields.get(name) instanceof Literal literal && literal.text().matches("[0-9]{1,9}")
                    ? Integer.parseInt(literal.text())
                    : -1;
        }

        boolean isTrue(String name) {
            return Literal.TRUE.equals(fields.get(name));
        }

        @Override
        public String toString() {
            return "object";
        }
    }

    /** An array. */
    record Arr(List<JsonValue> elements) implements JsonValue {
        @Override
        public String toString() {
            return "array";
        }
    }

    /** A string. */
    record Text(String value) implements JsonValue {
        @Override
        public String toString() {
            return "text";
        }
    }

    /** A number as it was written, {@code true}, {@code false} or {@code null}. */
    record Literal(String text) implements JsonValue {
        static final Literal TRUE = new Literal("true");
        static final Literal FALSE = new Literal("false");
        static final Literal NULL = new Literal("null");

        @Override
        public String toString() {
            return "literal";
        }
    }

    /**
     * Parses one object.
     *
     * @throws IOException if it is not one, with the offset only: the parser's message would quote the input
     */
    static Obj parse(byte[] bytes) throws IOException {
        try (JsonParser parser = FACTORY.createParser(bytes)) {
            try {
                JsonValue value = read(parser, parser.nextToken());
                if (value instanceof Obj obj && parser.nextToken() == null) {
                    return obj;
                }
            } catch (JsonProcessingException e) {
                throw new IOException(
                        "not JSON at byte " + parser.currentLocation().getByteOffset());
            }
            throw new IOException("not one JSON object");
        }
    }

    private static JsonValue read(JsonParser parser, @Nullable JsonToken token) throws IOException {
        if (token == null) {
            throw new IOException("JSON ends early");
        }
        return switch (token) {
            case START_OBJECT -> {
                Obj obj = new Obj();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    obj.put(name, read(parser, parser.nextToken()));
                }
                yield obj;
            }
            case START_ARRAY -> {
                List<JsonValue> elements = new ArrayList<>();
                for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                    elements.add(read(parser, next));
                }
                yield new Arr(List.copyOf(elements));
            }
            case VALUE_STRING -> new Text(parser.getText());
            default -> new Literal(parser.getText());
        };
    }

    /** Returns the canonical bytes: UTF-8, keys sorted, no blanks, no line break. */
    default byte[] toBytes() {
        WipedBuffer bytes = new WipedBuffer();
        try (JsonGenerator generator = FACTORY.createGenerator(bytes)) {
            write(generator, this);
        } catch (IOException e) {
            // No cause: the generator's message may quote a value.
            throw new IllegalArgumentException("a value cannot be written as JSON in UTF-8");
        }
        byte[] copy = bytes.toByteArray();
        bytes.wipe();
        return copy;
    }

    private static void write(JsonGenerator generator, JsonValue value) throws IOException {
        if (value instanceof Obj obj) {
            generator.writeStartObject();
            for (Map.Entry<String, JsonValue> field : obj.fields().entrySet()) {
                generator.writeFieldName(field.getKey());
                write(generator, field.getValue());
            }
            generator.writeEndObject();
        } else if (value instanceof Arr arr) {
            generator.writeStartArray();
            for (JsonValue element : arr.elements()) {
                write(generator, element);
            }
            generator.writeEndArray();
        } else if (value instanceof Text text) {
            generator.writeString(text.value());
        } else if (value instanceof Literal literal) {
            generator.writeRawValue(literal.text());
        }
    }
}
