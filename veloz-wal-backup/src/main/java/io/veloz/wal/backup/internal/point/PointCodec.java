package io.veloz.wal.backup.internal.point;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Attachment.Chunk;
import io.veloz.wal.backup.Bracket;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.RecoveryPoint.Tip;
import io.veloz.wal.backup.internal.store.Digests;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The bytes of a recovery point: two skippable frames of LZ4 (magic, length, content), the first with a JSON object, the
 * second with the SHA-256 of the first frame. So it has the form of a slot of the archive, and every lz4 tool skips it.
 * Stateless.
 */
final class PointCodec {
    /** A point of 60,000 chunks, which is 3.8 TB, has some 6 MB. */
    static final int MAX_BYTES = 16 * 1024 * 1024;

    private static final int FORMAT = 1;
    private static final int HEAD_MAGIC = 0x184D2A57;
    private static final int DIGEST_MAGIC = 0x184D2A58;
    private static final int FRAME_HEADER_BYTES = 8;
    private static final int DIGEST_BYTES = 32;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(8)
                    .maxNumberLength(20)
                    .maxStringLength(8192)
                    .build())
            .build();

    private PointCodec() {}

    // ---- write

    static byte[] encode(RecoveryPoint point) {
        byte[] head = json(point);
        ByteBuffer out = ByteBuffer.allocate(2 * FRAME_HEADER_BYTES + head.length + DIGEST_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEAD_MAGIC).putInt(head.length).put(head);
        byte[] digest = HexFormat.of().parseHex(Digests.of(Arrays.copyOf(out.array(), out.position())));
        out.putInt(DIGEST_MAGIC).putInt(DIGEST_BYTES).put(digest);
        return out.array();
    }

    private static byte[] json(RecoveryPoint point) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeNumberField("format", FORMAT);
            json.writeStringField("log", point.logId());
            json.writeNumberField("number", point.number());
            json.writeStringField("previous", point.previous());
            json.writeStringField("made", point.made().toString());
            json.writeStringField("host", point.host());
            json.writeObjectFieldStart("tip");
            json.writeNumberField("slot", point.tip().slot());
            json.writeStringField("sha256", point.tip().sha256());
            json.writeNumberField("archivedSequence", point.tip().archivedSequence());
            json.writeEndObject();
            json.writeArrayFieldStart("attachments");
            for (Attachment attachment : point.attachments()) {
                write(json, attachment);
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("in memory", e);
        }
        return bytes.toByteArray();
    }

    private static void write(JsonGenerator json, Attachment attachment) throws IOException {
        json.writeStartObject();
        json.writeStringField("kind", attachment.kind().label());
        json.writeStringField("id", attachment.id());
        json.writeStringField("suffix", "tar.gpg");
        json.writeStringField("taken", attachment.taken().toString());
        json.writeNumberField("after", attachment.bracket().after());
        json.writeNumberField("upTo", attachment.bracket().upTo());
        json.writeNumberField("firstPoint", attachment.firstPoint());
        json.writeNumberField("plainBytes", attachment.plainBytes());
        json.writeStringField("contentMac", attachment.contentMac());
        write(json, "roots", attachment.roots());
        write(json, "recipients", attachment.recipients());
        json.writeStringField("signer", attachment.signer());
        json.writeArrayFieldStart("chunks");
        for (Chunk chunk : attachment.chunks()) {
            json.writeStartObject();
            json.writeNumberField("bytes", chunk.bytes());
            json.writeStringField("sha256", chunk.sha256());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, List<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    // ---- read

    /**
     * @throws BadPointException if the bytes are not a recovery point of a format that this version knows
     */
    static RecoveryPoint decode(byte[] bytes) throws BadPointException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 2 * FRAME_HEADER_BYTES + DIGEST_BYTES || in.getInt(0) != HEAD_MAGIC) {
            throw new BadPointException("is not a recovery point");
        }
        int headBytes = in.getInt(4);
        int digestAt = FRAME_HEADER_BYTES + headBytes;
        if (headBytes < 2 || digestAt != bytes.length - FRAME_HEADER_BYTES - DIGEST_BYTES) {
            throw new BadPointException("has " + bytes.length + " bytes; its head says " + headBytes);
        }
        String computed = Digests.of(Arrays.copyOf(bytes, digestAt));
        String stored = HexFormat.of().formatHex(bytes, digestAt + FRAME_HEADER_BYTES, bytes.length);
        if (in.getInt(digestAt) != DIGEST_MAGIC || in.getInt(digestAt + 4) != DIGEST_BYTES || !computed.equals(stored)) {
            throw new BadPointException("SHA-256 mismatch: stored " + stored + ", computed " + computed);
        }
        try (JsonParser json = JSON.createParser(bytes, FRAME_HEADER_BYTES, headBytes)) {
            json.nextToken();
            Map<String, Object> head = object(json);
            if (json.nextToken() != null) {
                throw new BadPointException("has more after its head");
            }
            return point(new Fields(head));
        } catch (JsonProcessingException e) {
            throw new BadPointException("its head is not valid JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("in memory", e);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new BadPointException(e.getMessage());
        }
    }

    private static RecoveryPoint point(Fields head) throws BadPointException {
        if (head.number("format", 0) != FORMAT) {
            throw new BadPointException(
                    "has format " + head.number("format", 0) + "; this version knows " + FORMAT + ": use a newer one");
        }
        Fields tip = head.object("tip");
        List<Attachment> attachments = new ArrayList<>();
        for (Fields attachment : head.objects("attachments")) {
            attachments.add(attachment(attachment));
        }
        if (attachments.isEmpty()
                || attachments.stream().map(Attachment::kind).distinct().count() != attachments.size()) {
            throw new BadPointException("names " + attachments.size() + " attachments; expected one of each kind");
        }
        return new RecoveryPoint(
                head.number("number", 1),
                head.hex("log", 32),
                head.hex("previous", 64),
                Instant.parse(head.text("made")),
                head.text("host"),
                new Tip(tip.number("slot", 0), tip.hex("sha256", 64), tip.number("archivedSequence", 0)),
                attachments);
    }

    private static Attachment attachment(Fields fields) throws BadPointException {
        List<Chunk> chunks = new ArrayList<>();
        for (Fields chunk : fields.objects("chunks")) {
            chunks.add(new Chunk(chunk.number("bytes", 1), chunk.hex("sha256", 64)));
        }
        if (chunks.isEmpty()) {
            throw new BadPointException("names an attachment without chunks");
        }
        if (!fields.text("suffix").equals("tar.gpg")) {
            throw new BadPointException("names an attachment of the form " + fields.text("suffix"));
        }
        return new Attachment(
                Kind.of(fields.text("kind")),
                fields.hex("id", 32),
                Instant.parse(fields.text("taken")),
                new Bracket(fields.number("after", 0), fields.number("upTo", 0)),
                fields.number("firstPoint", 1),
                fields.number("plainBytes", 0),
                fields.hex("contentMac", 64),
                fields.texts("roots"),
                fields.texts("recipients"),
                fields.text("signer"),
                chunks);
    }

    private static Map<String, Object> object(JsonParser json) throws IOException, BadPointException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw new BadPointException("has " + json.currentToken() + " where an object was expected");
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            if (fields.put(name, value(json)) != null) {
                throw new BadPointException("has \"" + name + "\" twice");
            }
        }
        return fields;
    }

    private static Object value(JsonParser json) throws IOException, BadPointException {
        return switch (json.currentToken()) {
            case START_OBJECT -> object(json);
            case START_ARRAY -> {
                List<Object> values = new ArrayList<>();
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    values.add(value(json));
                }
                yield values;
            }
            case VALUE_NUMBER_INT -> json.getLongValue();
            case VALUE_STRING -> json.getText();
            // Of fields that a later version added: this one does not read them.
            case VALUE_TRUE, VALUE_FALSE, VALUE_NULL, VALUE_NUMBER_FLOAT -> json.getText();
            default -> throw new BadPointException("has an unexpected " + json.currentToken());
        };
    }

    private record Fields(Map<String, Object> values) {
        long number(String name, long least) throws BadPointException {
            if (!(values.get(name) instanceof Long number) || number < least) {
                throw new BadPointException(
                        "\"" + name + "\" is " + values.get(name) + "; expected a number of at least " + least);
            }
            return number;
        }

        String text(String name) throws BadPointException {
            if (!(values.get(name) instanceof String text)) {
                throw new BadPointException("\"" + name + "\" is " + values.get(name) + "; expected a text");
            }
            return text;
        }

        String hex(String name, int digits) throws BadPointException {
            String text = text(name);
            if (text.length() != digits || !text.chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0)) {
                throw new BadPointException("\"" + name + "\" is \"" + text + "\"; expected " + digits + " hex digits");
            }
            return text;
        }

        List<String> texts(String name) throws BadPointException {
            List<String> texts = new ArrayList<>();
            for (Object value : array(name)) {
                if (!(value instanceof String text)) {
                    throw new BadPointException("\"" + name + "\" has " + value + "; expected texts");
                }
                texts.add(text);
            }
            return texts;
        }

        Fields object(String name) throws BadPointException {
            return asObject(name, values.get(name));
        }

        List<Fields> objects(String name) throws BadPointException {
            List<Fields> objects = new ArrayList<>();
            for (Object value : array(name)) {
                objects.add(asObject(name, value));
            }
            return objects;
        }

        private List<?> array(String name) throws BadPointException {
            if (!(values.get(name) instanceof List<?> list)) {
                throw new BadPointException("\"" + name + "\" is " + values.get(name) + "; expected a list");
            }
            return list;
        }

        private static Fields asObject(String name, @org.jspecify.annotations.Nullable Object value)
                throws BadPointException {
            if (!(value instanceof Map<?, ?> map)) {
                throw new BadPointException("\"" + name + "\" is " + value + "; expected an object");
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            map.forEach((key, field) -> fields.put((String) key, field));
            return new Fields(fields);
        }
    }
}
