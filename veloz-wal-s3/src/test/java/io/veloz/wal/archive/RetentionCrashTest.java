package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.RetentionNeeds.Need;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.InterposedStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Retention that is cut at any request, or during which another process acts between any two requests. */
@Tag("enumeration")
class RetentionCrashTest {
    private static final long HELD = 20;

    @TempDir
    static Path shared;

    private static CaredArchive archive;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log")).verified();
    }

    private static ArchiveRetentionReport apply(ObjectStore store, RetentionNeeds needs) {
        return ArchiveRetention.apply(
                archive.care(store),
                CaredArchive.options()
                        .keepFor(Duration.ofDays(42))
                        .grace(Duration.ZERO)
                        .needs(needs)
                        .build());
    }

    private static ArchiveRetentionReport apply(ObjectStore store) {
        return apply(store, List::of);
    }

    private static void assertCompleted(HeapStore store) throws IOException {
        CaredArchive.assertInvariants(store);
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().isRaised()).isTrue();
        assertThat(state.delete()).isZero();
        assertThat(state.plan()).isNull();
        assertThat(store.objects().keySet()).noneMatch(state.floor().cut()::isAbove);
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"DIE_BEFORE", "DIE_AFTER"})
    void retentionThatDiesAtAnyRequestIsCompletedByAnother(Fault fault) throws IOException {
        for (int n = 1; ; n++) {
            HeapStore store = archive.newStore();
            HeapStore client = store.client(Plan.at(n, fault));
            try {
                apply(client);
            } catch (WalRestoreException e) {
                assertThat(client.isDead()).isTrue();
            }
            CaredArchive.assertInvariants(store);
            apply(store);
            assertCompleted(store);
            if (!client.isDead()) {
                assertThat(n).isGreaterThan(100);
                return;
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"FAIL", "LOSE_ANSWER", "LATE", "DUPLICATE"})
    void anyRequestCanFailOnce(Fault fault) throws IOException {
        for (int n = 1; ; n++) {
            HeapStore store = archive.newStore();
            HeapStore client = store.client(Plan.at(n, fault));
            assertThat(apply(client).outcome()).as("request " + n).isEqualTo(Outcome.DELETED);
            store.deliverLate();
            assertCompleted(store);
            if (client.requests() < n) {
                return;
            }
        }
    }

    @Test
    void deleteThatTakesEffectMuchLaterHitsOnlyRetiredObjects() throws IOException {
        HeapStore store = archive.newStore();
        HeapStore client = store.client(request -> request.kind() == Kind.DELETE ? Fault.LATE : null);
        try {
            apply(client);
        } catch (WalRestoreException e) {
            assertThat(e.reason()).isEqualTo(WalRestoreException.Reason.STORE_UNAVAILABLE);
        }
        apply(store);
        ArchiveHolds.hold(archive.care(store), 0, "after the delete");
        store.deliverLate();
        assertCompleted(store);
    }

    @Test
    void anotherJanitorMayActBetweenAnyTwoRequests() throws IOException {
        for (int n = 1; ; n++) {
            HeapStore store = archive.newStore();
            InterposedStore first = new InterposedStore(store, n, () -> apply(store));
            apply(first);
            assertCompleted(store);
            if (!first.isReached()) {
                return;
            }
        }
    }

    @Test
    void holdBetweenAnyTwoRequestsIsRefusedOrInForce() throws IOException {
        int inForce = 0;
        int refused = 0;
        for (int n = 1; ; n++) {
            HeapStore store = archive.newStore();
            boolean[] held = new boolean[1];
            InterposedStore janitor = new InterposedStore(store, n, () -> held[0] = hold(store));
            apply(janitor);
            CaredArchive.assertInvariants(store);
            if (!janitor.isReached()) {
                break;
            }
            boolean isKept = CaredArchive.state(store).floor().cut().sequence() <= HELD;
            assertThat(isKept).as("hold before request " + n).isEqualTo(held[0]);
            inForce += held[0] ? 1 : 0;
            refused += held[0] ? 0 : 1;
        }
        assertThat(inForce).isPositive();
        assertThat(refused).isPositive();
    }

    private static boolean hold(ObjectStore store) {
        try {
            ArchiveHolds.hold(archive.care(store), HELD, "test");
            return true;
        } catch (ArchiveCareException e) {
            assertThat(e.reason()).isEqualTo(ArchiveCareException.Reason.RETIRED);
            return false;
        }
    }

    @Test
    void needBetweenAnyTwoRequestsIsFoundInVainOrKept() throws IOException {
        int kept = 0;
        int inVain = 0;
        for (int n = 1; ; n++) {
            HeapStore store = archive.newStore();
            List<Need> needs = new CopyOnWriteArrayList<>();
            boolean[] isGood = new boolean[1];
            InterposedStore janitor = new InterposedStore(store, n, () -> {
                needs.add(new Need("point", HELD));
                isGood[0] = ArchiveCare.of(store).keepsFrom(HELD);
            });
            apply(janitor, () -> List.copyOf(needs));
            CaredArchive.assertInvariants(store);
            if (!janitor.isReached()) {
                break;
            }
            if (isGood[0]) {
                assertThat(CaredArchive.state(store).floor().cut().sequence())
                        .as("need before request " + n)
                        .isLessThanOrEqualTo(HELD);
            }
            kept += isGood[0] ? 1 : 0;
            inVain += isGood[0] ? 0 : 1;
        }
        assertThat(kept).isPositive();
        assertThat(inVain).isPositive();
    }

    @Test
    void restoreDuringARetentionReturnsAllThatStays(@TempDir Path dir) throws IOException {
        List<SmallLog.Entry> all = SmallLog.read(shared.resolve("log"));
        for (int n = 1; ; n += 3) {
            HeapStore store = archive.newStore();
            Path target = dir.resolve("at-" + n);
            InterposedStore reader = new InterposedStore(store, n, () -> apply(store));
            DirectRestore.restore(reader, RestoreOptions.into(target).parallelism(2));
            List<SmallLog.Entry> restored = SmallLog.read(target);
            assertThat(restored)
                    .as("retention before request " + n)
                    .isEqualTo(all.subList(all.size() - restored.size(), all.size()));
            if (!reader.isReached()) {
                return;
            }
            assertThat(all.size() - restored.size() + 1L)
                    .isIn(1L, CaredArchive.state(store).floor().cut().sequence());
        }
    }
}
