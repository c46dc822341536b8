package io.veloz.wal.independent;

import static io.veloz.wal.independent.IndependentFrames.expect;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** A slot of the ship log. Checks what can be checked without another slot. */
final class IndependentSlot {
    private static final String NO_DIGEST = "0".repeat(64);

    enum Kind {
        EPOCH,
        TAIL,
        SEGMENT,
        ATTACHMENT,
        GAP,
        SUMMARY,
        BEAT
    }

    /** The end of the archive. */
    record Reach(long segment, long position, long sequence) {
        boolean isBefore(Reach other) {
            return segment < other.segment
                    || (segment == other.segment && position < other.position)
                    || sequence < other.sequence;
        }
    }

    record Name(long slot, String sha256) {}

    final long number;
    final long format;
    final Kind kind;
    final long epoch;
    final String digest;
    final String previous;
    final Name kept;
    final Reach archived;
    final IndependentJson head;
    /** Returns the decompressed content of a TAIL or a SUMMARY; empty for any other slot. */
    final byte[] content;

    IndependentSlot(long number, byte[] bytes, String log, String origin) {
        this.number = number;
        digest = hexSha256(bytes);
        IndependentFrames frames = new IndependentFrames(bytes);
        byte[] json = frames.skippable(0x184D2A50, 65_536);
        checkTrailer(bytes);
        head = IndependentJson.of(json);
        format = head.number("format", 0);
        expect(format >= 1 && format <= 3, "slot " + number + " has an unknown format");
        kind = Kind.valueOf(head.text("kind"));
        expect((format == 3) == (kind == Kind.BEAT), "slot " + number + " has an unknown kind");
        expect(format >= 2 || kind != Kind.SUMMARY, "slot " + number + " has an unknown kind");
        expect(head.hex("log", 32).equals(log), "slot " + number + " is of another log");
        expect(
                (format == 1 && !head.has("origin")) || head.hex("origin", 64).equals(origin),
                "the digest of log.json in slot " + number);
        expect(head.number("slot", 1) == number, "slot " + number + " states another number");
        epoch = head.number("epoch", 1);
        head.hex("writer", 32);
        head.text("host");
        head.text("written");
        previous = head.hex("previous", 64);
        kept = new Name(
                head.object("kept").number("slot", 0), head.object("kept").hex("sha256", 64));
        expect(number != 1 || previous.equals(NO_DIGEST), "slot 1 names one before it");
        expect(kept.slot() < number && (kept.slot() != 0 || kept.sha256().equals(NO_DIGEST)), "kept of slot " + number);
        IndependentJson reach = head.object("archived");
        archived = new Reach(reach.number("segment", 0), reach.number("position", 0), reach.number("sequence", 0));
        content = contentBytes() == 0 ? new byte[0] : frames.frame(contentBytes());
        frames.skippable(0x184D2A51, 32);
        expect(frames.isAtEnd(), "bytes after slot " + number);
        checkKind();
    }

    /** Returns whether it is never deleted. */
    boolean isKept() {
        return kind != Kind.TAIL && kind != Kind.BEAT;
    }

    /** Returns the slot before it, or of a BEAT the last one before it that is none. */
    Name before() {
        if (kind != Kind.BEAT) {
            return new Name(number - 1, previous);
        }
        IndependentJson after = head.object("beat").object("after");
        return new Name(after.number("slot", 1), after.hex("sha256", 64));
    }

    private void checkTrailer(byte[] bytes) {
        int trailer = bytes.length - 40;
        expect(trailer >= 8, "slot " + number + " has no trailer");
        byte[] stated =
                new IndependentFrames(Arrays.copyOfRange(bytes, trailer, bytes.length)).skippable(0x184D2A51, 32);
        byte[] actual = IndependentSegment.sha256(Arrays.copyOf(bytes, trailer));
        expect(Arrays.equals(stated, actual), "the digest of slot " + number);
    }

    private long contentBytes() {
        if (kind == Kind.SUMMARY) {
            long bytes = head.object("covers").number("contentBytes", 1);
            expect(bytes <= 16_777_216, "the content of slot " + number);
            return bytes;
        } else if (kind != Kind.TAIL) {
            return 0;
        }
        IndependentJson tail = head.object("tail");
        long bytes = tail.number("endPosition", 0) - tail.number("position", 0);
        expect(bytes > 0 && bytes <= 67_174_400, "the positions of the tail in slot " + number);
        return bytes;
    }

    private void checkKind() {
        if (kind == Kind.TAIL) {
            IndependentJson tail = head.object("tail");
            expect(hexSha256(content).equals(tail.hex("sha256", 64)), "the content of slot " + number);
            Reach reach =
                    new Reach(tail.number("segment", 1), tail.number("endPosition", 0), tail.number("lastSequence", 0));
            expect(archived.equals(reach), "archived of slot " + number);
            expect(tail.number("firstSequence", 1) <= reach.sequence() + 1, "the sequences of slot " + number);
        } else if (kind == Kind.BEAT) {
            head.object("beat").number("intervalMillis", 1);
            expect(before().slot() < number, "the slot before slot " + number);
        } else if (kind == Kind.EPOCH && head.has("logJson")) {
            byte[] logJson = head.text("logJson").getBytes(StandardCharsets.UTF_8);
            expect(hexSha256(logJson).equals(head.hex("origin", 64)), "logJson of slot " + number);
        }
    }

    static String hexSha256(byte[] bytes) {
        return HexFormat.of().formatHex(IndependentSegment.sha256(bytes));
    }
}
