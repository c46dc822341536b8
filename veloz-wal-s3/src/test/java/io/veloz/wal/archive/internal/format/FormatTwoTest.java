package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.ChainState.Totals;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Reason;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.SummaryContent.Peak;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Slots of format 2: their exact text, and heads and summaries that no writer produces. */
class FormatTwoTest {
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);
    private static final String C = "c".repeat(64);
    private static final LogIdentity IDENTITY =
            new LogIdentity("01".repeat(16), "orders", Instant.parse("2026-11-28T10:00:00Z"), 1, 1);
    private static final Gap GAP = new Gap(1, 2, 2, "r");
    private static final ChainState CHAIN = new ChainState(
            List.of(new SlotRef(9, A), new SlotRef(12, B)),
            new SlotRef(9, A),
            new SlotRef(8, C),
            400,
            new Totals(2, 30, 40, 1, 5, 0, 1, 6));

    private static Slot slot(Part part, ChainState chain) {
        return new Slot(
                IDENTITY.logId(),
                IDENTITY.origin(),
                14,
                3,
                "23".repeat(16),
                "host",
                Instant.parse("2026-11-28T10:00:01Z"),
                C,
                new SlotRef(12, B),
                new Archived(2, 100, 500),
                part,
                "45".repeat(16),
                chain);
    }

    private static String head(byte[] slot) {
        int length = ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        return new String(slot, 8, length, StandardCharsets.UTF_8);
    }

    @Test
    void headOfAKeptSlotHasThisText() {
        assertThat(head(SlotCodec.encode(slot(GAP, CHAIN))))
                .isEqualTo("{\"format\":2,\"kind\":\"GAP\",\"log\":\"" + "01".repeat(16) + "\",\"origin\":\""
                        + IDENTITY.origin() + "\",\"instance\":\"" + "45".repeat(16) + "\",\"slot\":14,\"epoch\":3,"
                        + "\"writer\":\"" + "23".repeat(16)
                        + "\",\"host\":\"host\",\"written\":\"2026-11-28T10:00:01Z\","
                        + "\"previous\":\"" + C + "\",\"kept\":{\"slot\":12,\"sha256\":\"" + B + "\"},"
                        + "\"archived\":{\"segment\":2,\"position\":100,\"sequence\":500},"
                        + "\"gap\":{\"firstSequence\":1,\"lastSequence\":2,\"nextSegment\":2,\"reason\":\"r\"},"
                        + "\"chain\":{\"since\":{\"9\":\"" + A + "\",\"12\":\"" + B + "\"},"
                        + "\"summary\":{\"slot\":9,\"sha256\":\"" + A + "\"},"
                        + "\"checkpoint\":{\"slot\":8,\"sha256\":\"" + C + "\",\"sequence\":400},"
                        + "\"totals\":{\"segments\":2,\"objectBytes\":30,\"fileBytes\":40,\"attachments\":1,"
                        + "\"attachmentBytes\":5,\"gaps\":0,\"epochs\":1,\"kept\":6}}}");
    }

    @Test
    void headOfATailNamesOnlyTheLastKeptSlot() throws BadObjectException {
        byte[] content = {1, 2};
        Slot tail = slot(new Tail(2, 98, 100, 500, 500, Digest.of(content)), null);
        byte[] bytes = SlotCodec.encode(tail, content);
        assertThat(head(bytes)).doesNotContain("chain").contains("\"instance\"");
        assertThat(SlotCodec.decode("k", 14, bytes).slot()).isEqualTo(tail);
    }

    @Test
    void everyKindRoundTrips() throws BadObjectException {
        StoredFile stored = new StoredFile("segments/x", 5, A, 6, B);
        for (Part part : new Part[] {
            new Epoch(IDENTITY.text()),
            new Epoch(IDENTITY.text(), Reason.TAKEOVER, 2),
            new Epoch(IDENTITY.text(), Reason.PROMOTION, 2),
            new Segment(2, stored, 5, 1, 9, 9, -5, 7),
            new Attachment("checkpoint", 3, stored),
            new Restated(new Segment(2, stored, 5, 1, 9, 9, -5, 7), "segments/w"),
            new Gap(5, 9, 7, "the spool was full")
        }) {
            assertThat(SlotCodec.decode("k", 14, SlotCodec.encode(slot(part, CHAIN)))
                            .slot())
                    .isEqualTo(slot(part, CHAIN));
        }
        Slot first = slot(GAP, new ChainState(List.of(), SlotRef.NONE, SlotRef.NONE, 0, null));
        assertThat(SlotCodec.decode("k", 14, SlotCodec.encode(first)).slot()).isEqualTo(first);
    }

    @Test
    void restatedSegmentNamesTheObjectThatItReplaces() {
        StoredFile stored = new StoredFile("segments/x", 5, A, 6, B);
        Slot restated = slot(new Restated(new Segment(2, stored, 5, 1, 9, 9, -5, 7), "segments/w"), CHAIN);
        assertThat(head(SlotCodec.encode(restated)))
                .contains("\"kind\":\"RESTATED\"")
                .contains("\"segment\":{\"number\":2,\"key\":\"segments/x\"")
                .contains("\"maxTimestampNanos\":7,\"replaces\":\"segments/w\"}");
    }

    // ---- heads that no writer produces

    private static byte[] changed(byte[] slot, UnaryOperator<String> change) {
        byte[] head = change.apply(head(slot)).getBytes(StandardCharsets.UTF_8);
        int old = ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        int rest = slot.length - 40 - 8 - old;
        ByteBuffer body = ByteBuffer.allocate(8 + head.length + rest).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt(0x184D2A50).putInt(head.length).put(head).put(slot, 8 + old, rest);
        byte[] sealed = Arrays.copyOf(body.array(), body.capacity() + 40);
        ByteBuffer trailer = ByteBuffer.wrap(sealed).order(ByteOrder.LITTLE_ENDIAN);
        trailer.putInt(body.capacity(), 0x184D2A51).putInt(body.capacity() + 4, 32);
        System.arraycopy(Digest.sha256().digest(body.array()), 0, sealed, body.capacity() + 8, 32);
        return sealed;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"9\":        | \"13\":    | slot \"12\" after slot 13",
                "\"9\":        | \"09\":    | slot \"09\" after slot 0",
                "\"9\":        | \"-9\":    | slot \"-9\" after slot 0",
                "\"12\":       | \"11\":    | \"since\" ends with slot 11; expected the kept slot 12",
                "\"summary\":{\"slot\":9 | \"summary\":{\"slot\":13 | names slot 13; expected a kept slot before slot 14",
                "\"checkpoint\":{\"slot\":8 | \"checkpoint\":{\"slot\":15 | names slot 15",
                "\"instance\" | \"instant\" | field \"instance\" is missing",
                "\"origin\"   | \"other\"   | field \"origin\" is missing",
                "\"chain\"    | \"chains\"  | field \"chain\" is missing",
                "\"since\"    | \"sinces\"  | field \"since\" is missing",
                "\"gaps\":0   | \"gaps\":-1 | field \"gaps\" is -1",
                "\"sequence\":400}, | \"sequence\":\"400\"}, | field \"sequence\" is 400; expected an integer"
            })
    void headThatContradictsItselfIsRefused(String from, String to, String message) {
        byte[] bytes = changed(SlotCodec.encode(slot(GAP, CHAIN)), head -> head.replace(from, to));
        assertThatThrownBy(() -> SlotCodec.decode("ship/14", 14, bytes))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining(message);
    }

    @Test
    void headWithTooManySlotsIsRefused() {
        List<SlotRef> since = new ArrayList<>();
        for (int i = 1; i <= ChainState.MAX_SINCE + 1; i++) {
            since.add(new SlotRef(i, A));
        }
        ChainState chain = new ChainState(since, SlotRef.NONE, SlotRef.NONE, 0, null);
        byte[] bytes = SlotCodec.encode(slot(GAP, chain));
        assertThatThrownBy(() -> SlotCodec.decode("ship/14", 14, bytes))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("at most 512");
    }

    @Test
    void longestHeadFitsTheLimit() throws BadObjectException {
        List<SlotRef> since = new ArrayList<>();
        for (long i = ChainState.MAX_SINCE - 1; i >= 0; i--) {
            since.add(new SlotRef(ArchiveKeys.MAX_SLOT - 1 - i, A));
        }
        SlotRef last = since.get(since.size() - 1);
        Slot slot = new Slot(
                IDENTITY.logId(),
                IDENTITY.origin(),
                ArchiveKeys.MAX_SLOT,
                ArchiveKeys.MAX_EPOCH,
                "23".repeat(16),
                "h".repeat(255),
                Instant.parse("2026-11-28T10:00:01Z"),
                C,
                last,
                new Archived(2, 100, 500),
                new Epoch(IDENTITY.text()),
                "45".repeat(16),
                new ChainState(since, last, last, Long.MAX_VALUE - 1, CHAIN.totals()));
        byte[] bytes = SlotCodec.encode(slot);
        assertThat(SlotCodec.decode("k", ArchiveKeys.MAX_SLOT, bytes).slot()).isEqualTo(slot);
    }

    @Test
    void epochWithAnUnknownReasonIsRefused() {
        byte[] epoch = SlotCodec.encode(slot(new Epoch(IDENTITY.text(), Reason.TAKEOVER, 2), CHAIN));
        assertThatThrownBy(() -> SlotCodec.decode("k", 14, changed(epoch, head -> head.replace("takeover", "coup"))))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("expected start, takeover or promotion");
    }

    @Test
    void takeoverOfAnotherEpochThanTheOneBeforeIsRefused() {
        byte[] epoch = SlotCodec.encode(slot(new Epoch(IDENTITY.text(), Reason.TAKEOVER, 1), CHAIN));
        assertThatThrownBy(() -> SlotCodec.decode("k", 14, epoch))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("field \"observed\" is 1; expected an integer from 2 to 2");
    }

    @Test
    void summaryInASlotOfFormat1IsUnknown() {
        byte[] content = new SummaryContent(List.of(PEAK), List.of(EPOCH, LAST)).encode();
        byte[] summary = SlotCodec.encode(slot(covering(content, 1, PEAK.to(), 2), CHAIN), content);
        byte[] older = changed(summary, head -> head.replace(":2,\"kind", ":1,\"kind"));
        assertThatThrownBy(() -> SlotCodec.decode("k", 14, older)).isInstanceOf(UnknownArchiveFormatException.class);
    }

    // ---- summaries

    private static final Entry EPOCH = new Entry(new SlotRef(9, A), 3, new Archived(1, 50, 400), new Epoch(""));
    private static final Entry LAST = new Entry(new SlotRef(12, B), 3, new Archived(2, 100, 500), GAP);
    private static final Peak PEAK = new Peak(1, new SlotRef(9, A), SlotRef.NONE, 1, new SlotRef(8, C), 5, 400);

    private static Summary covering(byte[] content, int level, SlotRef before, int entries) {
        return new Summary(level, before, 9, LAST.slot(), entries, 500, content.length, Digest.of(content));
    }

    private static void assertRefused(SummaryContent summary, int level, SlotRef before, String message) {
        byte[] content = summary.encode();
        Summary part = covering(content, level, before, summary.entries().size());
        assertThatThrownBy(() -> SummaryContent.decode("k", part, content))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining(message);
    }

    @Test
    void summaryHasThisText() throws IOException {
        SummaryContent summary = new SummaryContent(List.of(PEAK), List.of(EPOCH, LAST));
        byte[] content = summary.encode();
        assertThat(new String(content, StandardCharsets.UTF_8))
                .isEqualTo("{\"summary\":{\"slot\":9,\"sha256\":\"" + A + "\"},\"level\":1,\"before\":{\"slot\":0,"
                        + "\"sha256\":\"" + Digest.NONE + "\"},\"from\":1,\"to\":{\"slot\":8,\"sha256\":\"" + C
                        + "\"},\"entries\":5,\"sequence\":400}\n"
                        + "{\"entry\":{\"slot\":9,\"sha256\":\"" + A + "\"},\"archived\":{\"segment\":1,"
                        + "\"position\":50,\"sequence\":400},\"epoch\":3,\"kind\":\"EPOCH\"}\n"
                        + "{\"entry\":{\"slot\":12,\"sha256\":\"" + B + "\"},\"archived\":{\"segment\":2,"
                        + "\"position\":100,\"sequence\":500},\"epoch\":3,\"kind\":\"GAP\",\"gap\":{\"firstSequence\":1,"
                        + "\"lastSequence\":2,\"nextSegment\":2,\"reason\":\"r\"}}\n");
        Slot slot = slot(covering(content, 1, PEAK.to(), 2), CHAIN);
        SlotCodec.Decoded decoded = SlotCodec.decode("k", 14, SlotCodec.encode(slot, content));
        assertThat(decoded.slot()).isEqualTo(slot);
        assertThat(SummaryContent.decode("k", (Summary) decoded.slot().part(), decoded.content()))
                .isEqualTo(summary);
    }

    @Test
    void rangesThatDoNotFollowEachOtherAreRefused() {
        SlotRef other = new SlotRef(8, B);
        List<Entry> entries = List.of(EPOCH, LAST);
        assertRefused(new SummaryContent(List.of(PEAK), entries), 1, other, "does not follow that of the last summary");
        Peak later = new Peak(1, new SlotRef(11, A), other, 9, new SlotRef(10, A), 2, 400);
        assertRefused(
                new SummaryContent(List.of(PEAK, later), entries),
                1,
                later.to(),
                "the range of summary 11 does not follow the one before");
        assertRefused(new SummaryContent(List.of(PEAK), entries), 2, PEAK.to(), "level 2 names one of level 1");
        Peak two = new Peak(2, new SlotRef(11, A), PEAK.to(), 9, new SlotRef(10, A), 2, 400);
        assertRefused(
                new SummaryContent(List.of(PEAK, two), entries),
                1,
                two.to(),
                "a summary of level 2 after one of level 1");
    }

    @Test
    void entriesThatAreNotTheRangeAreRefused() {
        assertRefused(new SummaryContent(List.of(), List.of(LAST, EPOCH)), 1, SlotRef.NONE, "entries out of order");
        assertRefused(new SummaryContent(List.of(), List.of(EPOCH)), 1, SlotRef.NONE, "not the range in the head");
        byte[] content = new SummaryContent(List.of(), List.of(EPOCH, LAST)).encode();
        assertThatThrownBy(() -> SummaryContent.decode("k", covering(content, 1, SlotRef.NONE, 3), content))
                .hasMessageContaining("2 entries; expected 3");
        Entry tail = new Entry(new SlotRef(10, A), 3, EPOCH.archived(), new Tail(2, 1, 2, 1, 1, A));
        assertRefused(
                new SummaryContent(List.of(), List.of(EPOCH, tail, LAST)),
                1,
                SlotRef.NONE,
                "a slot that may be deleted; expected a kept slot");
    }

    @Test
    void textThatIsNotLinesIsRefused() {
        byte[] whole = new SummaryContent(List.of(), List.of(EPOCH, LAST)).encode();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> SummaryContent.decode("k", covering(whole, 1, SlotRef.NONE, 2), cut))
                    .isInstanceOf(BadObjectException.class);
        }
        byte[] endless = new byte[100_000];
        Arrays.fill(endless, (byte) ' ');
        assertThatThrownBy(() -> SummaryContent.decode("k", covering(whole, 1, SlotRef.NONE, 2), endless))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("a line of at most 16384 bytes");
    }

    @Test
    void contentThatDiffersFromTheHeadIsRefused() {
        byte[] content = new SummaryContent(List.of(), List.of(EPOCH, LAST)).encode();
        byte[] other = content.clone();
        other[10] ^= 1;
        Slot slot = slot(covering(content, 1, SlotRef.NONE, 2), CHAIN);
        assertThatThrownBy(() -> SlotCodec.decode("k", 14, SlotCodec.encode(slot, other)))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("SHA-256 mismatch of the content");
        assertThatThrownBy(() -> SlotCodec.decode("k", 14, SlotCodec.encode(slot, Arrays.copyOf(content, 9_000))))
                .isInstanceOf(BadObjectException.class);
        byte[] claims = changed(
                SlotCodec.encode(slot, content),
                head -> head.replaceFirst("\"contentBytes\":\\d+", "\"contentBytes\":16777217"));
        assertThatThrownBy(() -> SlotCodec.decode("k", 14, claims))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("contentBytes");
    }
}
