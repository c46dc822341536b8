package io.veloz.wal.independent;

import static io.veloz.wal.independent.IndependentFrames.expect;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A JSON object with the rules in docs/archive.md: integers are never read as doubles. */
final class IndependentJson {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private final Map<String, Object> fields;

    private IndependentJson(Map<String, Object> fields) {
        this.fields = fields;
    }

    static IndependentJson of(byte[] utf8) {
        try (JsonParser parser = FACTORY.createParser(StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(utf8))
                .toString())) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "JSON is not an object");
            IndependentJson object = new IndependentJson(object(parser));
            expect(parser.nextToken() == null, "bytes after the JSON object");
            return object;
        } catch (CharacterCodingException e) {
            throw new IllegalStateException("JSON is not UTF-8", e);
        } catch (IOException e) {
            throw new IllegalStateException("no JSON", e);
        }
    }

    private static Map<String, Object> object(JsonParser parser) throws IOException {
        Map<String, Object> fields = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.START_OBJECT) {
                fields.put(name, new IndependentJson(object(parser)));
            } else if (value == JsonToken.VALUE_NUMBER_INT) {
                fields.put(name, parser.getBigIntegerValue());
            } else if (value == JsonToken.VALUE_STRING) {
                fields.put(name, parser.getText());
            } else {
                parser.skipChildren();
                fields.put(name, value);
            }
        }
        return fields;
    }

    Set<String> names() {
        return fields.keySet();
    }

    boolean isEqualTo(IndependentJson other) {
        return toString().equals(other.toString());
    }

    @Override
    public String toString() {
        return new TreeMap<>(fields).toString();
    }

    boolean has(String name) {
        return fields.containsKey(name);
    }

    long number(String name, long least) {
        expect(fields.get(name) instanceof java.math.BigInteger, "the number " + name);
        java.math.BigInteger number = (java.math.BigInteger) fields.get(name);
        expect(number.bitLength() < 64 && number.longValue() >= least, "the number " + name);
        return number.longValue();
    }

    String text(String name) {
        expect(fields.get(name) instanceof String text && text.length() <= 16_384, "the text " + name);
        return (String) fields.get(name);
    }

    /** Returns a digest or an id: a given number of lowercase hex digits. */
    String hex(String name, int digits) {
        String text = text(name);
        expect(text.matches("[0-9a-f]{" + digits + "}"), "the hex digits of " + name);
        return text;
    }

    IndependentJson object(String name) {
        expect(fields.get(name) instanceof IndependentJson, "the object " + name);
        return (IndependentJson) fields.get(name);
    }
}
