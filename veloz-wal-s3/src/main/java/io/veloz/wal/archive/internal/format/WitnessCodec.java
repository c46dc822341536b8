package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Witness.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;

/**
 * The bytes of a {@link Witness}. Stateless.
 *
 * <pre>
 * skippable frame: magic 0x184D2A5A 4 · length 4 · the head, JSON in UTF-8
 * skippable frame: magic 0x184D2A5B 4 · length 4 (32) · SHA-256 of the frame before
 * </pre>
 */
public final class WitnessCodec {
    /** The maximum size of a record. */
    public static final int MAX_BYTES = 16 * 1024;

    private static final long FORMAT = 1;
    private static final int HEAD_MAGIC = 0x184D2A5A;
    private static final int DIGEST_MAGIC = 0x184D2A5B;
    private static final int FRAME_BYTES = 8;
    private static final int DIGEST_BYTES = 32;

    private WitnessCodec() {}

    /** Encodes a record. Equal records give equal bytes. */
    public static byte[] encode(Witness witness) {
        Json json = Json.create()
                .put("format", FORMAT)
                .put("kind", witness.kind().name())
                .put("log", witness.logId())
                .put("origin", witness.origin())
                .put("logJson", witness.logJson())
                .put("epoch", witness.epoch())
                .put("writer", witness.writer())
                .put("host", witness.host())
                .put("written", witness.written().toString())
                .put("tip", SlotHead.encode(witness.tip()))
                .put("kept", SlotHead.encode(witness.kept()));
        byte[] head = SlotHead.put(json, witness.archived()).encode();
        ByteBuffer out = ByteBuffer.allocate(2 * FRAME_BYTES + head.length + DIGEST_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEAD_MAGIC).putInt(head.length).put(head);
        MessageDigest digest = Digest.sha256();
        digest.update(out.array(), 0, out.position());
        out.putInt(DIGEST_MAGIC).putInt(DIGEST_BYTES).put(digest.digest());
        return out.array();
    }

    /**
     * Decodes a record.
     *
     * @param where the name of the object in messages
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static Witness decode(String where, byte[] bytes) throws BadObjectException {
        Json json = Json.decode(where, head(where, bytes));
        UnknownArchiveFormatException.check(where, json.number("format", 1), FORMAT, FORMAT);
        try {
            SlotRef tip = SlotHead.ref(json, "tip", 1);
            SlotRef kept = SlotHead.ref(json, "kept", 1);
            String logJson = json.string("logJson");
            String origin = json.sha256("origin");
            boolean isWhole =
                    Digest.of(logJson.getBytes(StandardCharsets.UTF_8)).equals(origin);
            if (kept.number() > tip.number() || !isWhole) {
                throw new BadObjectException(
                        where + ": kept slot " + kept.number() + ", tip " + tip.number() + ", origin " + origin
                                + "; expected a kept slot up to the tip, and the SHA-256 of \"logJson\"");
            }
            return new Witness(
                    kind(where, json.string("kind")),
                    json.hex32("log"),
                    origin,
                    logJson,
                    json.number("epoch", 1, ArchiveKeys.MAX_EPOCH),
                    json.hex32("writer"),
                    Text.printable(json.string("host")),
                    Instant.parse(json.string("written")),
                    tip,
                    kept,
                    SlotHead.archived(json));
        } catch (DateTimeException e) {
            throw new BadObjectException(where + ": field \"written\" is not a time", e);
        }
    }

    private static Kind kind(String where, String kind) {
        return switch (kind) {
            case "END" -> Kind.END;
            case "ANCHOR" -> Kind.ANCHOR;
            default -> throw UnknownArchiveFormatException.ofKind(where, kind);
        };
    }

    private static byte[] head(String where, byte[] bytes) throws BadObjectException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = bytes.length - 2 * FRAME_BYTES - DIGEST_BYTES;
        boolean isFramed = length > 0
                && bytes.length <= MAX_BYTES
                && in.getInt(0) == HEAD_MAGIC
                && in.getInt(4) == length
                && in.getInt(FRAME_BYTES + length) == DIGEST_MAGIC
                && in.getInt(FRAME_BYTES + length + 4) == DIGEST_BYTES;
        if (!isFramed) {
            throw new BadObjectException(
                    where + " is not a witness record: expected two frames of at most " + MAX_BYTES + " bytes");
        }
        MessageDigest digest = Digest.sha256();
        digest.update(bytes, 0, FRAME_BYTES + length);
        byte[] stored = Arrays.copyOfRange(bytes, bytes.length - DIGEST_BYTES, bytes.length);
        if (!MessageDigest.isEqual(digest.digest(), stored)) {
            throw new BadObjectException(where + ": SHA-256 mismatch of the head");
        }
        return Arrays.copyOfRange(bytes, FRAME_BYTES, FRAME_BYTES + length);
    }
}
