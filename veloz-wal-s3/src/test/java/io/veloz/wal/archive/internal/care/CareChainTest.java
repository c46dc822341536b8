package io.veloz.wal.archive.internal.care;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareCodec;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Hold;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class CareChainTest {
    private static final LogIdentity IDENTITY =
            new LogIdentity("0123456789abcdef0123456789abcdef", "orders", Instant.EPOCH, 1, 1);

    private final HeapStore store = new HeapStore();
    private final CareChain chain = chain(store);

    private static CareChain chain(ObjectStore store) {
        return new CareChain(store, new Retries(attempt -> {}), IDENTITY);
    }

    private static CareRecord next(Tip tip, String writer, Kind kind, CareState state) {
        return new CareRecord(
                IDENTITY.logId(),
                IDENTITY.origin(),
                tip.number() + 1,
                kind,
                writer.repeat(32),
                "host",
                Instant.EPOCH,
                tip.sha256(),
                SlotRef.NONE,
                SlotRef.NONE,
                0,
                state);
    }

    private static CareRecord hold(Tip tip, String writer) {
        Hold hold = new Hold(1, "test", "host", Instant.EPOCH);
        return next(tip, writer, Kind.HOLD, CareState.NONE.holding(tip.number() + 1, hold));
    }

    private void put(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            assertThat(chain.put(next(chain.tip(), "a", Kind.VERIFIED, CareState.NONE)))
                    .isTrue();
        }
    }

    @Test
    void archiveWithoutRecordsHasTheEmptyState() throws IOException {
        assertThat(chain.tip().number()).isZero();
        assertThat(chain.tip().state()).isEqualTo(CareState.NONE);
        assertThat(chain.verify()).isZero();
    }

    @Test
    void ofTwoProcessesOnePutsTheNumber() throws IOException {
        put(2);
        Tip tip = chain.tip();
        assertThat(chain.put(hold(tip, "a"))).isTrue();
        assertThat(chain.put(hold(tip, "b"))).isFalse();
        assertThat(chain.put(hold(tip, "a"))).as("the same record again").isTrue();
        assertThat(chain.verify()).isEqualTo(3);
    }

    @Test
    void lostAnswerIsSettledByReading() throws IOException {
        CareChain client = chain(store.client(Plan.at(1, Fault.LOSE_ANSWER)));
        assertThat(client.put(hold(Tip.NONE, "a"))).isTrue();
        assertThat(chain.tip().number()).isEqualTo(1);
    }

    @Test
    void tipIsFoundWithFewRequestsInALongChain() throws IOException {
        byte[] last = CareCodec.encode(next(new Tip(5_999, Digest.NONE, null), "a", Kind.VERIFIED, CareState.NONE));
        for (int number = 1; number <= 6_000; number++) {
            store.damage(ArchiveKeys.numbered(ArchiveKeys.CARE, number), last);
        }
        HeapStore client = store.client(Plan.NONE);
        assertThat(chain(client).tip().number()).isEqualTo(6_000);
        assertThat(client.requests()).isLessThan(20);
    }

    @Test
    void recordsThatAListOmitsAreFound() throws IOException {
        put(3);
        HeapStore client = store.client(request -> request.kind() == HeapStore.Kind.LIST ? Fault.STALE : null);
        assertThat(chain(client).tip().number()).isEqualTo(3);
    }

    @Test
    void damagedLastRecordIsAnErrorAndAReaderUsesTheOneBefore() throws IOException {
        put(3);
        store.damage(ArchiveKeys.numbered(ArchiveKeys.CARE, 3), new byte[10]);
        assertThatThrownBy(chain::tip).isInstanceOf(BadObjectException.class).hasMessageContaining("not a care record");
        List<String> findings = new ArrayList<>();
        assertThat(chain.lastReadable(findings::add).number()).isEqualTo(2);
        assertThat(findings).singleElement().asString().contains("care/00000000000000000003");
    }

    @Test
    void recordOfAnotherLogIsAnError() throws IOException {
        put(1);
        CareChain other = new CareChain(
                store, new Retries(attempt -> {}), new LogIdentity("f".repeat(32), "orders", Instant.EPOCH, 1, 1));
        assertThatThrownBy(other::tip).isInstanceOf(BadObjectException.class).hasMessageContaining("expected log fff");
    }

    @Test
    void missingAndReplacedRecordsBreakTheChain() throws IOException {
        put(4);
        byte[] second = store.objects().get(ArchiveKeys.numbered(ArchiveKeys.CARE, 2));
        store.remove(ArchiveKeys.numbered(ArchiveKeys.CARE, 2));
        assertThatThrownBy(chain::verify).hasMessageContaining("2 is missing; the last one is 4");
        store.damage(
                ArchiveKeys.numbered(ArchiveKeys.CARE, 2),
                CareCodec.encode(next(chain.read(1).orElseThrow(), "b", Kind.VERIFIED, CareState.NONE)));
        assertThatThrownBy(chain::verify).hasMessageContaining("names another record as the one before");
        store.damage(ArchiveKeys.numbered(ArchiveKeys.CARE, 2), second);
        assertThat(chain.verify()).isEqualTo(4);
    }

    @Test
    void recordThatDropsAHoldBreaksTheChain() throws IOException {
        chain.put(hold(Tip.NONE, "a"));
        chain.put(next(chain.tip(), "a", Kind.VERIFIED, CareState.NONE));
        assertThatThrownBy(chain::verify).hasMessageContaining("VERIFIED with other holds");
    }

    @Test
    void floorThatFallsBreaksTheChain() throws IOException {
        CareState.Plan plan = new CareState.Plan(1, new CareState.Cut(3, 30), 1, 1, "a".repeat(64), Instant.EPOCH);
        CareState planned = CareState.NONE.planned(plan);
        chain.put(next(Tip.NONE, "a", Kind.PLAN, planned));
        chain.put(next(
                chain.tip(),
                "a",
                Kind.DELETE,
                planned.deleted(new CareState.Floor(2, new CareState.Cut(3, 30), 2, 1, 1, 1))));
        assertThat(chain.verify()).isEqualTo(2);
        chain.put(next(chain.tip(), "a", Kind.DONE, CareState.NONE));
        assertThatThrownBy(chain::verify).hasMessageContaining(String.format(Locale.ROOT, "DONE with floor"));
    }

    @Test
    void recordThatCouldNotBeReadIsNotPut() {
        CareRecord unreadable = next(Tip.NONE, "x", Kind.VERIFIED, CareState.NONE);
        assertThatThrownBy(() -> chain.put(unreadable))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("care/00000000000000000001 is not put, as it could not be read again");
        assertThat(store.objects()).isEmpty();
    }

    @Test
    void lastKeptSlotThatFallsBreaksTheChain() throws IOException {
        chain.put(withKept(next(Tip.NONE, "a", Kind.VERIFIED, CareState.NONE), 7));
        chain.put(withKept(next(chain.tip(), "a", Kind.VERIFIED, CareState.NONE), 7));
        assertThat(chain.verify()).isEqualTo(2);
        chain.put(withKept(next(chain.tip(), "a", Kind.VERIFIED, CareState.NONE), 6));
        assertThatThrownBy(chain::verify).hasMessageContaining("names kept slot 6 after kept slot 7");
    }

    private static CareRecord withKept(CareRecord care, long slot) {
        return new CareRecord(
                care.logId(),
                care.origin(),
                care.number(),
                care.kind(),
                care.writer(),
                care.host(),
                care.written(),
                care.previous(),
                care.tip(),
                new SlotRef(slot, "a".repeat(64)),
                care.point(),
                care.state());
    }
}
