package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Empty slots of an idle writer, for readers, later writers and followers. */
@Timeout(120)
class BeatTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();

    private Path log() {
        return dir.resolve("log");
    }

    private ShipRig rig(Wal wal) {
        return new ShipRig(config(heap), LocalLog.of(wal), heap);
    }

    private static ShipperConfig.Builder config(HeapStore store) {
        // Flushes are rare, as the simulation wakes up for each.
        return ShipperConfig.builder(store).beatInterval(MINUTE).flushInterval(Duration.ofSeconds(10));
    }

    /** Declares a gap for records that were trimmed while the store failed. */
    private ShipRig givingUp(Wal wal) {
        return new ShipRig(config(heap).spoolPolicy(SpoolPolicy.giveUpOldest(48 * 1024)), LocalLog.of(wal), heap);
    }

    /** Makes the store fail for two minutes, while segments are written and trimmed. */
    private void outage(ShipRig rig, Wal wal, Duration begin) {
        rig.at(begin, () -> heap.plan(request -> Fault.FAIL));
        rig.at(begin.plusSeconds(70), () -> {
            SmallLog.append(wal, 400);
            wal.writeCheckpoint(wal.durableSequence() - 1, out -> out.write(1));
            wal.writeCheckpoint(wal.durableSequence(), out -> out.write(2));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        });
        rig.at(begin.plusSeconds(120), () -> heap.plan(Plan.NONE));
    }

    private List<Slot> slots() throws IOException {
        TreeSet<Long> numbers = new TreeSet<>();
        heap.objects().keySet().forEach(key -> numbers.add(ArchiveKeys.slotNumber(key)));
        List<Slot> slots = new ArrayList<>();
        for (long number : numbers.tailSet(1L)) {
            slots.add(new ShipLog(heap).check(number).orElseThrow().slot());
        }
        return slots;
    }

    private long beats() throws IOException {
        return slots().stream().filter(slot -> slot.part() instanceof Beat).count();
    }

    private void assertSound(String name) {
        ArchiveReport report = new ArchiveVerifier(heap).full(WalProgress.NONE);
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().strays()).isZero();
        DirectRestore.restore(heap, RestoreOptions.into(dir.resolve(name)));
        assertThat(SmallLog.read(dir.resolve(name))).isEqualTo(SmallLog.read(log()));
    }

    @Test
    void idleWriterPutsABeatInEachIntervalAndABusyOneNone() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            ShipRig rig = rig(wal);
            for (int minute = 20; minute < 30; minute++) {
                for (int second = 0; second < 60; second += 20) {
                    rig.at(Duration.ofSeconds(60L * minute + second), () -> SmallLog.append(wal, 1));
                }
            }
            rig.at(Duration.ofMinutes(19).plusSeconds(59), () -> assertBeats(18, 20));
            rig.at(Duration.ofMinutes(29).plusSeconds(59), () -> assertBeats(18, 20));
            rig.run(Duration.ofMinutes(35));
            assertThat(rig.events).isEmpty();
        }
        assertSound("restored");
    }

    private void assertBeats(long least, long most) {
        try {
            assertThat(beats()).isBetween(least, most);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void writerWithoutTheSettingPutsNone() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            new ShipRig(ShipperConfig.builder(heap), LocalLog.of(wal), heap).run(HOUR);
        }
        assertThat(beats()).isZero();
    }

    @Test
    void onlyBeatsHaveFormatThree() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            rig(wal).run(Duration.ofMinutes(5));
        }
        for (Slot slot : slots()) {
            assertThat(slot.format()).isEqualTo(slot.part() instanceof Beat ? 3 : 2);
            byte[] stored = heap.objects().get(ArchiveKeys.slot(slot.number()));
            if (slot.part() instanceof Beat) {
                assertThat(SlotCodec.encode(slot)).isEqualTo(stored);
                assertThat(new String(stored, StandardCharsets.UTF_8))
                        .contains("\"format\":3,\"kind\":\"BEAT\"")
                        .contains("\"beat\":{\"intervalMillis\":60000,\"after\":{\"slot\":");
            }
        }
    }

    @Test
    void beatOfFormatTwoAndAnotherKindOfFormatThreeAreUnknown() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            rig(wal).run(Duration.ofMinutes(5));
        }
        for (Slot slot : slots()) {
            boolean isBeat = slot.part() instanceof Beat;
            byte[] other = withFormat(heap.objects().get(ArchiveKeys.slot(slot.number())), isBeat ? '2' : '3');
            assertThatThrownBy(() -> SlotCodec.decode("slot", slot.number(), other))
                    .isInstanceOf(UnknownArchiveFormatException.class);
        }
    }

    /** Returns a slot with another number of its format, which has one digit at a fixed place, and with the right digest. */
    private static byte[] withFormat(byte[] slot, char format) throws IOException {
        byte[] other = slot.clone();
        other[8 + "{\"format\":".length()] = (byte) format;
        MessageDigest digest = Digest.sha256();
        digest.update(other, 0, other.length - 40);
        System.arraycopy(digest.digest(), 0, other, other.length - 32, 32);
        return other;
    }

    @Test
    void beatsOfAWeekendAreDeletedAndTheNextWriterStartsInAFewRequests() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            ShipRig rig = rig(wal);
            rig.at(Duration.ofHours(30).plusSeconds(30), () -> SmallLog.append(wal, 5));
            rig.run(Duration.ofHours(31));
            assertThat(beats()).isLessThan(130);
            assertThat(slots().get(slots().size() - 1).number()).isGreaterThan(1_800);
            assertThat(new ArchiveVerifier(heap).full(WalProgress.NONE).isSound())
                    .isTrue();
            SmallLog.append(wal, 5);
            ShipRig next = rig(wal);
            next.at(Duration.ofSeconds(10), () -> {
                assertThat(next.state.archivedSequence()).isEqualTo(15);
                assertThat(next.requests()).isLessThan(40);
            });
            next.run(MINUTE);
            assertThat(next.events).isEmpty();
        }
        assertSound("restored");
    }

    @Test
    void writerContinuesAfterBeatsThatFollowASegmentAndWereDeleted() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            ShipRig first = rig(wal);
            first.at(Duration.ofSeconds(10), wal::roll);
            first.run(Duration.ofHours(3));
            assertThat(slots()).anyMatch(slot -> slot.part() instanceof Segment);
            rig(wal).run(Duration.ofHours(3));
            long tip = slots().get(slots().size() - 1).number();
            slots().stream()
                    .filter(slot -> slot.part() instanceof Beat && slot.number() < tip)
                    .forEach(slot -> heap.remove(ArchiveKeys.slot(slot.number())));
            ShipRig third = rig(wal);
            third.at(Duration.ofSeconds(10), () -> SmallLog.append(wal, 1));
            third.run(MINUTE);
            assertThat(third.events).isEmpty();
            assertThat(third.state.archivedSequence()).isEqualTo(6);
        }
        assertSound("restored");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyScheduleWithBeatsIsSound(long seed) throws IOException {
        Random random = new Random(seed);
        try (Wal wal = SmallLog.open(log())) {
            for (int writer = 0; writer < 4; writer++) {
                ShipRig rig = rig(wal);
                long minutes = 30 + random.nextInt(150);
                for (long minute = 0; minute < minutes; minute += 1 + random.nextInt(30)) {
                    rig.at(Duration.ofMinutes(minute).plusSeconds(random.nextInt(59)), () -> {
                        SmallLog.append(wal, 1 + random.nextInt(20));
                        if (random.nextInt(3) == 0) {
                            wal.roll();
                        }
                    });
                }
                rig.run(Duration.ofMinutes(minutes));
                assertThat(rig.events).isEmpty();
            }
        }
        assertThat(slots()).anyMatch(slot -> slot.part() instanceof Beat);
        assertThat(slots()).anyMatch(slot -> slot.part() instanceof Tail);
        assertSound("restored");
    }

    /** Checks an archive with gaps. The log was trimmed, so it has the last records only. */
    private void assertProven(String name) {
        ArchiveReport report = new ArchiveVerifier(heap).full(WalProgress.NONE);
        assertThat(report.problems()).isEmpty();
        assertThat(report.status().strays()).isZero();
        DirectRestore.restore(heap, RestoreOptions.into(dir.resolve(name)).acceptGaps());
        assertThat(SmallLog.read(dir.resolve(name)))
                .endsWith(SmallLog.read(log()).toArray(Entry[]::new));
    }

    @Test
    void beatBeforeAGapIsKeptAndAnArchiveWithoutItIsProven() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            ShipRig rig = givingUp(wal);
            rig.at(Duration.ofSeconds(10), wal::roll);
            outage(rig, wal, HOUR);
            rig.run(Duration.ofHours(5));
            assertThat(rig.events).anyMatch(event -> event.startsWith("gap"));
        }
        long gap = slots().stream()
                .filter(slot -> slot.part() instanceof Gap)
                .mapToLong(Slot::number)
                .findFirst()
                .orElseThrow();
        assertThat(slots()).anyMatch(slot -> slot.number() == gap - 1 && slot.part() instanceof Beat);
        assertProven("restored");
        // As an earlier version has deleted it.
        heap.remove(ArchiveKeys.slot(gap - 1));
        assertProven("restored-without");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void anyScheduleWithBeatsAndGapsIsProven(long seed) throws IOException {
        Random random = new Random(seed);
        try (Wal wal = SmallLog.open(log())) {
            for (int writer = 0; writer < 2; writer++) {
                ShipRig rig = givingUp(wal);
                for (int round = 0; round < 2; round++) {
                    Duration begin = Duration.ofHours(3L * round).plusSeconds(random.nextInt(3600));
                    rig.at(begin, () -> {
                        SmallLog.append(wal, 1 + random.nextInt(20));
                        if (random.nextBoolean()) {
                            wal.roll();
                        }
                    });
                    outage(rig, wal, begin.plusSeconds(1 + random.nextInt(3600)));
                }
                rig.run(Duration.ofHours(6));
                assertThat(rig.events).noneMatch(event -> event.startsWith("refused") || event.startsWith("fenced"));
            }
        }
        assertThat(slots()).anyMatch(slot -> slot.part() instanceof Gap);
        assertProven("restored");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void statusAndProofAfterALongSilenceTakeAFewRequests(boolean deletesBeats) throws IOException {
        int segments = 70;
        HeapStore writer = heap.client(request -> request.kind() == Kind.DELETE && !deletesBeats ? Fault.DENY : null);
        try (Wal wal = SmallLog.open(log())) {
            ShipRig rig = new ShipRig(config(writer).flushInterval(MINUTE), LocalLog.of(wal), writer);
            for (int i = 1; i <= segments; i++) {
                int sealed = i;
                rig.at(Duration.ofSeconds(20L * i), () -> {
                    SmallLog.append(wal, 1);
                    wal.roll();
                    SmallLog.awaitSealed(wal, sealed);
                });
            }
            rig.run(Duration.ofHours(20));
        }
        assertThat(slots()).anyMatch(slot -> slot.part() instanceof Summary);
        assertThat(slots().get(slots().size() - 1).number()).isGreaterThan(1_000);
        HeapStore reader = heap.client(Plan.NONE);
        assertThat(ArchiveStatus.of(reader).archivedSequence()).isEqualTo(segments);
        new ArchiveVerifier(reader).quick(WalProgress.NONE);
        assertThat(reader.requests()).isLessThan(300);
    }

    @Test
    void followerReportsAWriterWithoutBeatsAsSilentUntilTheNextSlot() {
        HeapStore client = heap.client(HeapStore.Plan.NONE);
        ShipperConfig config = ShipperConfig.builder(client)
                .flushInterval(Duration.ofMillis(5))
                .beatInterval(Duration.ofMillis(20))
                .closeTimeout(Duration.ofMillis(100))
                .build();
        FollowerConfig follow = FollowerConfig.builder(heap, dir.resolve("standby"))
                .pollInterval(Duration.ofMillis(2))
                .build();
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper = WalShipper.start(wal, config)) {
            SmallLog.append(wal, 5);
            shipper.awaitArchived(5, MINUTE);
            try (ArchiveFollower standby = ArchiveFollower.start(follow)) {
                while (standby.status().beatInterval().isEmpty()) {
                    standby.awaitCaughtUp(MINUTE);
                }
                assertThat(standby.status().beatInterval()).contains(Duration.ofMillis(20));
                client.plan(request -> Fault.FAIL);
                FollowerStatus silent = standby.status();
                while (!silent.isWriterSilent()) {
                    standby.awaitCaughtUp(MINUTE);
                    silent = standby.status();
                }
                // Of the same status: a BEAT that was being put at the first fault may end the silence.
                assertThat(silent.silence()).isGreaterThanOrEqualTo(Duration.ofMillis(60));
                assertThat(silent.endedAt()).isEmpty();
                client.plan(HeapStore.Plan.NONE);
                while (standby.status().isWriterSilent()) {
                    standby.awaitCaughtUp(MINUTE);
                }
            }
        }
    }

    @Test
    void followerReportsAWriterThatWasClosedAsEnded() {
        FollowerConfig follow = FollowerConfig.builder(heap, dir.resolve("standby"))
                .pollInterval(Duration.ofMillis(2))
                .beatInterval(Duration.ofMillis(20))
                .build();
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            try (WalShipper shipper =
                    WalShipper.start(wal, ShipperConfig.builder(heap).build())) {
                shipper.awaitArchived(5, MINUTE);
            }
            try (ArchiveFollower standby = ArchiveFollower.start(follow)) {
                while (standby.status().endedAt().isEmpty()) {
                    assertThat(standby.status().isWriterSilent()).isFalse();
                    standby.awaitCaughtUp(MINUTE);
                }
                assertThat(standby.status().isWriterSilent()).isFalse();
            }
        }
    }

    @Test
    void salvageChoosesTheTailThatOnlyABeatNames() throws IOException {
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            rig(wal).run(Duration.ofMinutes(5));
        }
        List<Slot> all = slots();
        Slot tip = all.get(all.size() - 1);
        assertThat(tip.part()).isInstanceOf(Beat.class);
        Slot named = all.get(1);
        all.stream()
                .filter(slot -> slot.part() instanceof Beat && slot.number() < tip.number())
                .forEach(slot -> heap.remove(ArchiveKeys.slot(slot.number())));
        Tail tail = (Tail) named.part();
        byte[] other = new ShipLog(heap).slot(named.number()).orElseThrow().content();
        other[other.length - 1] ^= 1;
        Slot stray = new Slot(
                named.logId(),
                named.origin(),
                tip.number() + 1,
                named.epoch(),
                named.writer(),
                named.host(),
                named.written(),
                "ab".repeat(32),
                named.kept(),
                named.archived(),
                tail.stored(Digest.of(other), null),
                named.instance(),
                null);
        heap.damage(ArchiveKeys.slot(stray.number()), SlotCodec.encode(stray, other));
        ArchiveSalvage.salvage(heap, dir.resolve("salvaged"), WalProgress.NONE);
        assertThat(SmallLog.read(dir.resolve("salvaged"))).isEqualTo(SmallLog.read(log()));
    }

    @Test
    void followerFindsTheEndOfAWriterThatWasSilentBefore() {
        FollowerConfig follow = FollowerConfig.builder(heap, dir.resolve("standby"))
                .pollInterval(Duration.ofMillis(2))
                .beatInterval(Duration.ofMillis(20))
                .build();
        try (Wal wal = SmallLog.open(log())) {
            SmallLog.append(wal, 5);
            WalShipper shipper =
                    WalShipper.start(wal, ShipperConfig.builder(heap).build());
            try (shipper;
                    ArchiveFollower standby = follower(shipper, follow)) {
                Logs.await("a silent writer", () -> standby.status().isWriterSilent());
                shipper.close();
                Logs.await("the end", () -> standby.status().endedAt().isPresent());
                assertThat(standby.status().isWriterSilent()).isFalse();
            }
        }
    }

    private static ArchiveFollower follower(WalShipper shipper, FollowerConfig config) {
        shipper.awaitArchived(5, MINUTE);
        return ArchiveFollower.start(config);
    }
}
