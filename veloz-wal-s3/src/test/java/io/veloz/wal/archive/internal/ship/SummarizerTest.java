package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.ChainState;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.SummaryContent.Peak;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Summaries that real writers put into a store, checked against the slots that they cover. */
class SummarizerTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final LogIdentity IDENTITY = new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH, 1, 1);

    private final HeapStore store = new HeapStore();
    private final ShipLog log = new ShipLog(store);
    private int writers;

    /** Acquires the next epoch. */
    private SlotWriter start() throws IOException {
        SlotWriter writer = new SlotWriter(
                log,
                IDENTITY,
                String.format(Locale.ROOT, "%032x", ++writers),
                "cd".repeat(16),
                "host",
                CLOCK,
                WriterState.INITIAL);
        while (writer.phase() != Phase.READY) {
            if (writer.phase() == Phase.CHECK) {
                writer.claim(new Epoch(IDENTITY.text()));
            } else {
                writer.step();
            }
        }
        return writer;
    }

    private static Summarizer collected(ShipLog log, int fanOut, SlotWriter writer) throws IOException {
        return collected(Summarizer.at(log, fanOut, writer.tip()));
    }

    private static Summarizer collected(Summarizer summarizer) throws IOException {
        while (summarizer.hasStep()) {
            summarizer.step();
        }
        return summarizer;
    }

    private static void put(SlotWriter writer, Summarizer summarizer, Slot.Part part, byte[] content)
            throws IOException {
        writer.put(writer.tip().archived(), part, content);
        while (writer.phase() != Phase.READY) {
            writer.step();
        }
        summarizer.added(writer.tip().slot(), writer.tip().sha256());
    }

    private static Attachment checkpoint(long sequence, long epoch) {
        return new Attachment(
                "checkpoint",
                sequence,
                new StoredFile(ArchiveKeys.checkpoint(sequence, epoch), 5, Digest.NONE, 5, Digest.NONE));
    }

    /** Puts kept slots, and each SUMMARY that is due. */
    private void ship(SlotWriter writer, Summarizer summarizer, int slots) throws IOException {
        for (int i = 0; i < slots; i++) {
            while (summarizer.isReady()) {
                Summarizer.Next next = summarizer.next();
                put(writer, summarizer, next.part(), next.content());
                while (summarizer.hasStep()) {
                    summarizer.step();
                }
            }
            put(writer, summarizer, checkpoint(i, writer.epoch()), new byte[0]);
        }
    }

    private TreeMap<Long, SlotCodec.Decoded> slots() throws IOException {
        TreeMap<Long, SlotCodec.Decoded> slots = new TreeMap<>();
        for (long number = 1; log.has(number); number++) {
            slots.put(number, log.slot(number).orElseThrow());
        }
        return slots;
    }

    /** Returns the ranges of the summaries that a SUMMARY names, and its own, oldest first, each slot by its digest. */
    private List<SlotRef> covered(SlotRef summary) throws IOException {
        SlotCodec.Decoded decoded = log.slot(summary.number()).orElseThrow();
        assertThat(decoded.sha256()).isEqualTo(summary.sha256());
        SummaryContent content =
                SummaryContent.decode("summary", (Summary) decoded.slot().part(), decoded.content());
        List<SlotRef> refs = new ArrayList<>();
        for (Peak peak : content.peaks()) {
            SlotCodec.Decoded earlier = log.slot(peak.slot().number()).orElseThrow();
            SummaryContent.decode("peak", (Summary) earlier.slot().part(), earlier.content())
                    .entries()
                    .forEach(entry -> refs.add(entry.slot()));
        }
        content.entries().forEach(entry -> refs.add(entry.slot()));
        return refs;
    }

    private void assertEverySlotIsNamedOnce() throws IOException {
        List<SlotRef> kept = new ArrayList<>();
        for (SlotCodec.Decoded decoded : slots().values()) {
            Slot slot = decoded.slot();
            if (!slot.isKept()) {
                continue;
            }
            ChainState chain = slot.chainState();
            List<SlotRef> named = new ArrayList<>();
            if (chain.summary().number() > 0) {
                named.addAll(covered(chain.summary()));
            }
            named.addAll(chain.since());
            assertThat(named).as("slot " + slot.number()).isEqualTo(kept);
            assertThat(chain.totals().kept()).isEqualTo(kept.size() + 1);
            kept.add(new SlotRef(slot.number(), decoded.sha256()));
        }
    }

    @Test
    void everyKeptSlotIsNamedOnceByTheSummariesAndTheSlotsSince() throws IOException {
        SlotWriter writer = start();
        ship(writer, collected(log, 4, writer), 60);
        assertEverySlotIsNamedOnce();
        assertThat(levels()).containsExactly(1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1);
    }

    private List<Integer> levels() throws IOException {
        return slots().values().stream()
                .map(decoded -> decoded.slot().part())
                .filter(part -> part instanceof Summary)
                .map(part -> ((Summary) part).level())
                .toList();
    }

    @Test
    void eachWriterContinuesTheSummariesOfTheOneBefore() throws IOException {
        for (int slots = 0; slots < 12; slots++) {
            SlotWriter writer = start();
            ship(writer, collected(new ShipLog(store), 4, writer), slots);
        }
        assertEverySlotIsNamedOnce();
        assertThat(levels()).contains(2);
    }

    @Test
    void writersThatDieBeforeTheirFirstSummaryLeaveMoreSlotsForIt() throws IOException {
        for (int i = 0; i < 9; i++) {
            start();
        }
        SlotWriter writer = start();
        ship(writer, collected(log, 4, writer), 1);
        assertEverySlotIsNamedOnce();
        assertThat(((Summary) slots().get(11L).slot().part()).entries()).isEqualTo(10);
    }

    /** Starts writers, of which only the last one puts the summaries that are due, each with up to 20 entries. */
    private void restart(int starts) throws IOException {
        for (int i = 1; i < starts; i++) {
            start();
        }
        SlotWriter writer = start();
        ship(writer, collected(Summarizer.at(new ShipLog(store), 4, 20, writer.tip())), 1);
    }

    @Test
    void summaryOfLevelOneIsPutInsteadOfOneOfLevelTwoThatWouldExceedTheBound() throws IOException {
        restart(20);
        for (int round = 1; round < 6; round++) {
            restart(18);
        }
        assertThat(levels()).containsExactly(1, 1, 1, 1, 1, 1);
        assertEverySlotIsNamedOnce();
    }

    @Test
    void summaryOfLevelTwoIsPutBeforeItsEntriesExceedTheBound() throws IOException {
        for (int round = 0; round < 6; round++) {
            restart(6);
        }
        assertThat(levels()).contains(2);
        assertThat(slots().values().stream()
                        .map(decoded -> decoded.slot().part())
                        .filter(part -> part instanceof Summary)
                        .mapToLong(part -> ((Summary) part).entries()))
                .allMatch(entries -> entries <= 20);
        assertEverySlotIsNamedOnce();
    }

    private static Segment segmentInParts(long number, long epoch, int parts) {
        String key = ArchiveKeys.segment("orders", number, epoch);
        List<StoredFrame> frames = new ArrayList<>();
        for (int part = 1; part <= parts; part++) {
            frames.add(new StoredFrame(ArchiveKeys.part(key, part, parts), 5, Digest.NONE, 5, null));
        }
        StoredFile stored =
                new StoredFile(key, 5L * parts, StoredFrame.digest(frames), 5L * parts, Digest.NONE, null, frames);
        return new Segment(number, stored, 4, 1, 1, 1, 0, 0);
    }

    /** Statements of parts are long, so that fewer of them fit into a SUMMARY. */
    @Test
    void partsOfSegmentsCountForTheBoundOfASummary() throws IOException {
        SlotWriter writer = start();
        Summarizer summarizer = collected(Summarizer.at(log, 4, 40, writer.tip()));
        for (int i = 1; i <= 60; i++) {
            while (collected(summarizer).isReady()) {
                Summarizer.Next next = summarizer.next();
                put(writer, summarizer, next.part(), next.content());
            }
            put(writer, summarizer, segmentInParts(i, writer.epoch(), 16), new byte[0]);
        }
        assertThat(slots().values().stream()
                        .map(decoded -> decoded.slot().part())
                        .filter(part -> part instanceof Summary)
                        .mapToLong(part -> ((Summary) part).entries() + ((Summary) part).parts() / 4))
                .allMatch(weight -> weight <= 40);
        assertThat(levels()).startsWith(1, 2, 1, 2).contains(2);
        assertEverySlotIsNamedOnce();
    }

    @Test
    void slotsThatAHeadDoesNotNameAreReadAlongTheChain() throws IOException {
        int epochs = ChainState.MAX_SINCE + 20;
        for (int i = 0; i < epochs; i++) {
            start();
        }
        SlotWriter writer = start();
        assertThat(writer.tip().slot().chainState().since()).hasSize(ChainState.MAX_SINCE);
        ship(writer, collected(log, Summarizer.FAN_OUT, writer), 1);
        assertThat(covered(writer.tip().slot().chainState().summary())).hasSize(epochs + 1);
    }

    @Test
    void numberOfRequestsBeforeASummaryDoesNotGrow() throws IOException {
        SlotWriter writer = start();
        ship(writer, collected(log, Summarizer.FAN_OUT, writer), 5_000);
        SlotWriter next = start();
        Summarizer summarizer = Summarizer.at(new ShipLog(store), Summarizer.FAN_OUT, next.tip());
        int steps = 0;
        for (; summarizer.hasStep(); steps++) {
            summarizer.step();
        }
        assertThat(steps).isLessThanOrEqualTo(Summarizer.FAN_OUT + 1);
        assertThat(levels()).contains(2);
    }

    @Test
    void slotThatDoesNotMatchItsDigestIsNotSummarized() throws IOException {
        SlotWriter writer = start();
        ship(writer, collected(log, 4, writer), 2);
        store.damage(ArchiveKeys.slot(2), SlotCodec.encode(slots().get(3L).slot()));
        SlotWriter next = start();
        Summarizer summarizer = Summarizer.at(new ShipLog(store), 4, next.tip());
        summarizer.step();
        summarizer.step();
        assertThatThrownBy(summarizer::step).isInstanceOf(BadObjectException.class);
        assertThat(summarizer.hasStep()).isTrue();
    }

    @Test
    void tailsAreNotSummarized() throws IOException {
        SlotWriter writer = start();
        Summarizer summarizer = collected(log, 2, writer);
        byte[] content = {1};
        writer.put(new Archived(1, 1, 1), new Tail(1, 0, 1, 1, 1, Digest.of(content)), content);
        writer.step();
        summarizer.added(writer.tip().slot(), writer.tip().sha256());
        ship(writer, summarizer, 2);
        List<Entry> entries = SummaryContent.decode(
                        "summary",
                        (Summary) slots().get(4L).slot().part(),
                        slots().get(4L).content())
                .entries();
        assertThat(entries).extracting(entry -> entry.slot().number()).containsExactly(1L, 3L);
    }
}
