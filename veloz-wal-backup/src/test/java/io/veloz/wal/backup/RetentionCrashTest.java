package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.SteppedStore.Death;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Retention dies at each of its requests, and other processes act before each of them. */
@Timeout(120)
class RetentionCrashTest {
    private static final Instant START = Instant.parse("2026-01-10T02:15:00Z");
    private static final RetentionSettings SETTINGS =
            new RetentionSettings(Duration.ofDays(2), 2, 0, Duration.ofDays(7), Optional.empty());
    private static final Instant PLANNED = START.plus(Duration.ofDays(5));
    private static final Instant DUE = PLANNED.plus(Duration.ofDays(7));

    @TempDir(factory = MemoryDirectory.class)
    Path dir;

    private int archives;

    /** Five points of which three go, an attachment that two of them share with a kept one, and an orphan. */
    private ObjectStore archive() throws IOException {
        ObjectStore store = new DirectoryStore(dir.resolve("archive" + archives++));
        TestArchive archive = new TestArchive(store);
        archive.point(
                START, archive.attachment(Kind.CONFIGURATION, 1, START), archive.attachment(Kind.SECRETS, 1, START));
        for (int day = 1; day < 5; day++) {
            archive.backup(START.plus(Duration.ofDays(day)));
        }
        archive.attachment(Kind.DATABASE, 2, PLANNED);
        return store;
    }

    private static List<StoredObject> attachments(ObjectStore store) throws IOException {
        return store.list("attachments/", "");
    }

    private static void assertKeptPointsAreWhole(ObjectStore store) throws IOException {
        List<RecoveryPoints.Listed> points = RecoveryPoints.list(store, DUE);
        assertThat(points.subList(3, points.size())).allMatch(RecoveryPoints.Listed::isWhole);
    }

    private interface Call {
        Object run() throws IOException;
    }

    private static boolean dies(Call call) throws IOException {
        try {
            call.run();
            return false;
        } catch (StoreException e) {
            assertThat(e).hasMessage("the store died");
            return true;
        }
    }

    @ParameterizedTest
    @EnumSource(Death.class)
    void planDiesAtEachRequest(Death death) throws IOException {
        int request = Cuts.first() - Cuts.step();
        boolean died = true;
        while (died) {
            request += Cuts.step();
            try (ObjectStore store = archive()) {
                ObjectStore dying = new SteppedStore(store, request, death);
                List<StoredObject> before = attachments(store);
                died = dies(() -> Retention.plan(dying, SETTINGS, PLANNED));
                assertThat(attachments(store)).isEqualTo(before);

                RetentionPlan plan = Retention.plan(store, SETTINGS, PLANNED);

                assertThat(plan.number()).isEqualTo(1);
                assertThat(plan.items()).hasSize(7);
                assertThat(plan.notBefore()).contains(DUE);
            }
        }
        assertThat(request).isGreaterThan(10);
    }

    @ParameterizedTest
    @EnumSource(Death.class)
    void applyDiesAtEachRequestAndAgainInTheNextCall(Death death) throws IOException {
        int request = Cuts.first() - Cuts.step();
        boolean died = true;
        while (died) {
            request += Cuts.step();
            try (ObjectStore store = archive()) {
                ObjectStore dying = new SteppedStore(store, request, death);
                List<StoredObject> before = attachments(store);
                RetentionPlan plan = Retention.plan(store, SETTINGS, PLANNED);
                died = dies(() -> Retention.apply(dying, SETTINGS, DUE));
                assertKeptPointsAreWhole(store);
                ObjectStore dyingAgain = new SteppedStore(store, request, death);
                dies(() -> Retention.apply(dyingAgain, SETTINGS, DUE));
                assertKeptPointsAreWhole(store);

                Retention.apply(store, SETTINGS, DUE);

                assertThat(attachments(store))
                        .isEqualTo(before.stream()
                                .filter(object -> !plan.keys().contains(object.key()))
                                .toList());
                assertThat(Retention.apply(store, SETTINGS, DUE).deleted()).isEmpty();
                assertThat(Retention.plan(store, SETTINGS, DUE).items()).isEmpty();
            }
        }
        assertThat(request).isGreaterThan(10);
    }

    // ---- other processes

    static Stream<Arguments> others() {
        return Stream.of("plan", "apply", "backup", "drill", "orphan").map(Arguments::of);
    }

    private static void act(ObjectStore store, String other) throws IOException {
        TestArchive archive = new TestArchive(store).withIdsFrom(1000);
        switch (other) {
            case "plan" -> Retention.plan(store, SETTINGS, DUE);
            case "apply" -> Retention.apply(store, SETTINGS, DUE);
            case "backup" -> archive.backup(DUE);
            case "drill" -> archive.receipt(4, "PASSED");
            case "orphan" -> archive.attachment(Kind.VAULT, 2, DUE);
            default -> throw new AssertionError(other);
        }
    }

    @ParameterizedTest
    @MethodSource("others")
    void anotherProcessActsBeforeEachRequestOfApply(String other) throws IOException {
        int request = 0;
        int requests = Integer.MAX_VALUE;
        while (request < requests) {
            request++;
            try (ObjectStore store = archive()) {
                Retention.plan(store, SETTINGS, PLANNED);
                int when = request;
                SteppedStore stepped = new SteppedStore(store, now -> {
                    if (now == when) {
                        act(store, other);
                    }
                });
                Retention.apply(stepped, SETTINGS, DUE);
                requests = stepped.requests();
                assertKeptPointsAreWhole(store);

                Retention.apply(store, SETTINGS, DUE);

                assertKeptPointsAreWhole(store);
                assertThat(RecoveryPoints.list(store, DUE).subList(0, 3)).noneMatch(RecoveryPoints.Listed::isWhole);
            }
        }
        assertThat(requests).isGreaterThan(10);
    }

    @ParameterizedTest
    @MethodSource("others")
    void anotherProcessActsBeforeEachRequestOfPlan(String other) throws IOException {
        int request = 0;
        int requests = Integer.MAX_VALUE;
        while (request < requests) {
            request++;
            try (ObjectStore store = archive()) {
                Retention.plan(store, SETTINGS, PLANNED);
                int when = request;
                SteppedStore stepped = new SteppedStore(store, now -> {
                    if (now == when) {
                        act(store, other);
                    }
                });
                RetentionPlan plan = Retention.plan(stepped, SETTINGS, DUE);
                requests = stepped.requests();
                assertThat(plan.kept()).containsKey(5L).hasSizeGreaterThanOrEqualTo(2);
                for (RecoveryPoints.Listed listed : RecoveryPoints.list(store, DUE)) {
                    if (plan.kept().containsKey(listed.point().number())) {
                        assertThat(plan.keys()).doesNotContainAnyElementsOf(TestArchive.keys(listed.point()));
                    }
                }
                Retention.apply(store, SETTINGS, DUE);
                assertKeptPointsAreWhole(store);
            }
        }
        assertThat(requests).isGreaterThan(10);
    }

    @Test
    void aBackupThatDiesAtAnyRequestDeletesNothing() throws IOException {
        int request = Cuts.first() - Cuts.step();
        boolean died = true;
        while (died) {
            request += Cuts.step();
            try (ObjectStore store = archive()) {
                ObjectStore dying = new SteppedStore(store, request, Death.BEFORE);
                List<StoredObject> before = store.list("", "");
                died = dies(() -> new TestArchive(dying).withIdsFrom(1000).backup(PLANNED));
                assertThat(store.list("", "")).containsAll(before);
            }
        }
        assertThat(request).isGreaterThan(3);
    }

    @Test
    void aRequestThatFailsIsReported() throws IOException {
        try (ObjectStore store = archive()) {
            Retention.plan(store, SETTINGS, PLANNED);

            assertThatThrownBy(() -> Retention.apply(new SteppedStore(store, 3, Death.BEFORE), SETTINGS, DUE))
                    .isInstanceOf(StoreException.class)
                    .hasMessage("the store died");
        }
    }
}
