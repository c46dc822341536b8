package io.veloz.wal.backup.internal.retention;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A JSON object in memory. Every fault of its content is an {@link IllegalArgumentException} that names the field.
 * Immutable.
 */
record JsonTree(Map<String, Object> fields) {
    static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(16)
                    .maxNumberLength(40)
                    .maxStringLength(64 * 1024)
                    .build())
            .build();

    static JsonTree parse(byte[] bytes, int from, int length) {
        try (JsonParser json = JSON.createParser(bytes, from, length)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("is not a JSON object");
            }
            JsonTree tree = new JsonTree(object(json));
            if (json.nextToken() != null) {
                throw new IllegalArgumentException("has more after the JSON object");
            }
            return tree;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException("is not valid JSON: " + e.getMessage(), e);
        }
    }

    private static Map<String, Object> object(JsonParser json) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            if (fields.put(name, value(json)) != null) {
                throw new IllegalArgumentException("has \"" + name + "\" twice");
            }
        }
        return fields;
    }

    private static Object value(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case START_OBJECT -> new JsonTree(object(json));
            case START_ARRAY -> {
                List<Object> values = new ArrayList<>();
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    values.add(value(json));
                }
                yield values;
            }
            case VALUE_NUMBER_INT -> json.getLongValue();
            default -> json.getText();
        };
    }

    long number(String name, long least) {
        if (!(fields.get(name) instanceof Long number) || number < least) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is " + fields.get(name) + "; expected a number of at least " + least);
        }
        return number;
    }

    String text(String name) {
        if (!(fields.get(name) instanceof String text)) {
            throw new IllegalArgumentException("\"" + name + "\" is " + fields.get(name) + "; expected a text");
        }
        return text;
    }

    List<String> texts(String name) {
        return array(name, String.class);
    }

    List<JsonTree> objects(String name) {
        return array(name, JsonTree.class);
    }

    private <T> List<T> array(String name, Class<T> type) {
        if (!(fields.get(name) instanceof List<?> list) || !list.stream().allMatch(type::isInstance)) {
            throw new IllegalArgumentException("\"" + name + "\" is not a list of "
                    + (type == String.class ? "texts" : "objects"));
        }
        return list.stream().map(type::cast).toList();
    }
}
