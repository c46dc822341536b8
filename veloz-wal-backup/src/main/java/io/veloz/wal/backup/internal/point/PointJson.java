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
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.RecoveryPoint.Tip;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The JSON head of a recovery point. It is not encrypted, so it has names, sizes and digests of encrypted bytes, and no
 * content: no value of a setting, no comment. Stateless.
 */
final class PointJson {
    private static final int FORMAT = 1;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(8)
                    .maxNumberLength(20)
                    .maxStringLength(8192)
                    .build())
            .build();

    private PointJson() {}

    // ---- write

    static byte[] write(RecoveryPoint point) {
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
        json.writeStringField("suffix", attachment.kind().suffix());
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
        if (attachment.database().isPresent()) {
            write(json, attachment.database().get());
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, DatabaseFacts facts) throws IOException {
        json.writeObjectFieldStart("postgres");
        json.writeStringField("system", facts.system());
        json.writeNumberField("server", facts.serverVersion());
        json.writeNumberField("dump", facts.dumpVersion());
        json.writeStringField("dumpFormat", facts.dumpFormat());
        json.writeNumberField("dumpBytes", facts.dumpBytes());
        json.writeStringField("lsn", facts.lsn());
        json.writeStringField("database", facts.database());
        json.writeStringField("owner", facts.owner());
        json.writeStringField("encoding", facts.encoding());
        json.writeStringField("collate", facts.collate());
        json.writeStringField("ctype", facts.ctype());
        json.writeStringField("locale", facts.locale());
        json.writeNumberField("connectionLimit", facts.connectionLimit());
        write(json, "settings", facts.settings());
        json.writeStringField("acl", facts.acl());
        write(json, "roles", facts.roles());
        write(json, "extensions", facts.extensions());
        json.writeObjectFieldStart("rows");
        for (Map.Entry<String, Long> table : new TreeMap<>(facts.rows()).entrySet()) {
            json.writeNumberField(table.getKey(), table.getValue());
        }
        json.writeEndObject();
        if (facts.applied().isPresent()) {
            json.writeNumberField("applied", facts.applied().getAsLong());
        }
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
     * Returns the point whose head the bytes are.
     *
     * @throws BadPointException if the bytes are not the head of a recovery point of a format that this version knows
     */
    static RecoveryPoint read(byte[] bytes, int from, int length) throws BadPointException {
        try (JsonParser json = JSON.createParser(bytes, from, length)) {
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
            throw new BadPointException(String.valueOf(e.getMessage()));
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
        return RecoveryPoint.of(
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
        Kind kind = Kind.of(fields.text("kind"));
        if (!fields.text("suffix").equals(kind.suffix())) {
            throw new BadPointException("names a " + kind.label() + " of the form " + fields.text("suffix"));
        }
        Attachment.Builder attachment = Attachment.builder(kind, fields.hex("id", 32))
                .taken(Instant.parse(fields.text("taken")))
                .bracket(new Bracket(fields.number("after", 0), fields.number("upTo", 0)))
                .firstPoint(fields.number("firstPoint", 1))
                .plainBytes(fields.number("plainBytes", 0))
                .contentMac(fields.hex("contentMac", 64))
                .roots(fields.texts("roots"))
                .recipients(fields.texts("recipients"))
                .signer(fields.text("signer"))
                .chunks(chunks);
        if (kind == Kind.DATABASE) {
            attachment.database(facts(fields.object("postgres")));
        }
        return attachment.build();
    }

    private static DatabaseFacts facts(Fields fields) throws BadPointException {
        Fields rows = fields.object("rows");
        Map<String, Long> counts = new TreeMap<>();
        for (String table : rows.values().keySet()) {
            counts.put(table, rows.number(table, 0));
        }
        return DatabaseFacts.builder(fields.text("database"))
                .system(fields.text("system"))
                .serverVersion((int) fields.number("server", 0))
                .dumpVersion((int) fields.number("dump", 0))
                .dumpFormat(fields.text("dumpFormat"))
                .dumpBytes(fields.number("dumpBytes", 0))
                .lsn(fields.text("lsn"))
                .owner(fields.text("owner"))
                .encoding(fields.text("encoding"))
                .collate(fields.text("collate"))
                .ctype(fields.text("ctype"))
                .locale(fields.text("locale"))
                .connectionLimit((int) fields.number("connectionLimit", -1))
                .settings(fields.texts("settings"))
                .acl(fields.text("acl"))
                .roles(fields.texts("roles"))
                .extensions(fields.texts("extensions"))
                .rows(counts)
                .applied(
                        fields.values().containsKey("applied")
                                ? OptionalLong.of(fields.number("applied", 0))
                                : OptionalLong.empty())
                .build();
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
