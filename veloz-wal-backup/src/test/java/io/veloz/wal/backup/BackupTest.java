package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Configuration and secrets go into the archive of a living log and come back from it. */
@Timeout(300)
class BackupTest {
    private static final Set<Kind> BOTH = EnumSet.of(Kind.CONFIGURATION, Kind.SECRETS);
    private static final String MARKER = "marker-secret-4711";

    @TempDir(factory = MemoryDirectory.class)
    Path dir;

    private TestKeys keys;
    private Wal wal;
    private WalShipper shipper;
    private ObjectStore store;
    private BackupProfile profile;

    @BeforeEach
    void openLog() throws IOException {
        keys = new TestKeys(dir.resolve("keys"));
        write("etc/veloz/config.yaml", "depth: 5\n", "rw-r--r--");
        write("etc/veloz/strategies/grid.yaml", "name: grid\n", "rw-r--r--");
        write("etc/veloz/secrets/venue.key", MARKER, "rw-------");
        write("opt/.env", "TOKEN=" + MARKER, "rw-------");
        profile = profile("configuration.exclude = secrets/**\n");
        wal = Wal.open(dir.resolve("wal"));
        append();
        shipper = WalShipper.start(
                wal, ShipperConfig.builder(archive().toUri().toString()).build());
        assertThat(shipper.awaitArchived(1, Duration.ofSeconds(30))).isTrue();
        store = new DirectoryStore(archive());
    }

    @AfterEach
    void closeLog() throws Exception {
        store.close();
        shipper.close();
        wal.close();
    }

    private Path archive() {
        return dir.resolve("archive");
    }

    private void append() {
        wal.appendDurable(1, ByteBuffer.wrap(new byte[10]));
    }

    private void write(String name, String text, String mode) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private BackupProfile profile(String more) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(
                file,
                "state.directory = state\nconfiguration.roots = etc/veloz\nsecrets.roots = etc/veloz/secrets, opt/.env\n"
                        + keys.profileLines() + more);
        return BackupProfile.read(file);
    }

    private Backup backup() {
        return backup(store);
    }

    private Backup backup(ObjectStore to) {
        return new Backup(
                to, profile, LogPosition.of(wal), Duration.ofSeconds(30), BackupProgress.NONE, Clock.systemUTC(), 1024);
    }

    private BackupReport at(Instant now, Set<Kind> kinds) throws IOException {
        Clock clock = Clock.fixed(now, ZoneOffset.UTC);
        return new Backup(store, profile, LogPosition.of(wal), Duration.ofSeconds(30), BackupProgress.NONE, clock, 1024)
                .run(kinds);
    }

    private RecoveryPoint made(Set<Kind> kinds) throws IOException {
        return backup().run(kinds).point().orElseThrow();
    }

    private Recovery recovery() {
        return new Recovery(profile);
    }

    private RecoveryReport recover(Set<Kind> kinds, Optional<Long> number) throws IOException {
        RecoveryOptions options = RecoveryOptions.of(kinds);
        RecoveryPlan plan = recovery().plan(store, number.map(options::point).orElse(options));
        return recovery().run(store, plan, keys.recovery(), RecoveryProgress.NONE);
    }

    private Map<String, String> inPlace() throws IOException {
        Map<String, String> files = new TreeMap<>();
        for (String root : List.of("etc/veloz", "opt/.env")) {
            if (Files.exists(dir.resolve(root))) {
                try (Stream<Path> walk = Files.walk(dir.resolve(root))) {
                    for (Path file : walk.filter(Files::isRegularFile).toList()) {
                        files.put(
                                dir.relativize(file).toString(),
                                PosixFilePermissions.toString(Files.getPosixFilePermissions(file)) + " "
                                        + Files.readString(file));
                    }
                }
            }
        }
        return files;
    }

    // ---- backup

    @Test
    void pointNamesAllKindsAndTheirPlaceInTheLog() throws IOException {
        append();
        RecoveryPoint point = made(BOTH);
        assertThat(point.number()).isEqualTo(1);
        assertThat(point.attachments()).extracting(Attachment::kind).containsExactly(Kind.CONFIGURATION, Kind.SECRETS);
        assertThat(point.attachments()).allSatisfy(attachment -> {
            assertThat(attachment.bracket().upTo()).isEqualTo(2);
            assertThat(attachment.bracket().after()).isBetween(1L, 2L);
            assertThat(attachment.recipients()).hasSize(2);
            assertThat(attachment.chunks()).hasSizeGreaterThan(1);
        });
        assertThat(point.tip().archivedSequence()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void nothingIsStoredTwice() throws IOException {
        made(BOTH);
        BackupReport again = backup().run(BOTH);
        assertThat(again.point()).isEmpty();
        assertThat(again.unchanged()).isEqualTo(BOTH);
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        RecoveryPoint second = made(BOTH);
        assertThat(second.number()).isEqualTo(2);
        assertThat(second.attachment(Kind.SECRETS).orElseThrow().firstPoint()).isEqualTo(1);
        assertThat(second.attachment(Kind.CONFIGURATION).orElseThrow().firstPoint())
                .isEqualTo(2);
    }

    @Test
    void otherKindsAreCarriedOver() throws IOException {
        made(Set.of(Kind.SECRETS));
        RecoveryPoint second = made(Set.of(Kind.CONFIGURATION));
        assertThat(second.attachments()).hasSize(2);
    }

    @Test
    void pointNamesWhatWasReadAfterARunWithAClockThatWasAhead() throws IOException {
        Instant ahead = Instant.now().plus(Duration.ofDays(365)).truncatedTo(ChronoUnit.MILLIS);
        at(ahead, BOTH);
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        Instant now = Instant.now();
        BackupReport report = at(now, BOTH);
        assertThat(report.stored()).containsExactly(Kind.CONFIGURATION);
        assertThat(report.point().orElseThrow().attachment(Kind.CONFIGURATION).orElseThrow())
                .satisfies(attachment -> {
                    assertThat(attachment.taken()).isEqualTo(now.truncatedTo(ChronoUnit.MILLIS));
                    assertThat(attachment.firstPoint()).isEqualTo(2);
                });
        assertThat(recoveredConfiguration()).isEqualTo("depth: 6\n");
        String times = ahead + "; the clock of this host is at " + now.truncatedTo(ChronoUnit.MILLIS);
        assertThat(report.findings())
                .anySatisfy(finding -> assertThat(finding).startsWith("recovery point 1 was made at " + ahead))
                .contains("the secrets of recovery point 1 was read at " + times + ": correct the clock that is wrong");
    }

    @Test
    void clockThatWasAheadIsAFindingAlsoIfNothingWasChanged() throws IOException {
        Instant ahead = Instant.now().plus(Duration.ofMinutes(6));
        at(ahead, BOTH);
        BackupReport report = at(ahead.minus(Duration.ofMinutes(6)), BOTH);
        assertThat(report.point()).isEmpty();
        assertThat(report.findings()).hasSize(3).allMatch(finding -> finding.contains("correct the clock"));
        assertThat(at(ahead.minus(Duration.ofMinutes(4)), BOTH).findings()).isEmpty();
    }

    /** Both jobs began at the same point, so the later content is the newer one. */
    @Test
    void laterContentOfAJobThatEndedFirstIsNamedAndNotReportedAsStoredByThisOne() throws IOException {
        made(BOTH);
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        Instant now = Instant.now();
        boolean[] raced = {false};
        SteppedStore racing = new SteppedStore(store, request -> {
            if (!raced[0] && wasStored()) {
                raced[0] = true;
                write("etc/veloz/config.yaml", "depth: 7\n", "rw-r--r--");
                at(now.plusSeconds(60), BOTH);
            }
        });
        BackupReport report = new Backup(
                        racing,
                        profile,
                        LogPosition.of(wal),
                        Duration.ofSeconds(30),
                        BackupProgress.NONE,
                        Clock.fixed(now, ZoneOffset.UTC),
                        1024)
                .run(Set.of(Kind.CONFIGURATION));
        assertThat(raced[0]).isTrue();
        assertThat(report.stored()).isEmpty();
        assertThat(report.point().orElseThrow().number()).isEqualTo(3);
        assertThat(recoveredConfiguration()).isEqualTo("depth: 7\n");
    }

    /** Returns whether the store has a configuration that no point names. */
    private boolean wasStored() throws IOException {
        try (Stream<Path> files = Files.list(archive().resolve("attachments"))) {
            return files.map(file -> file.getFileName().toString())
                            .filter(name -> name.startsWith("configuration_"))
                            .map(name -> name.substring(0, name.indexOf('.')))
                            .distinct()
                            .count()
                    > 1;
        }
    }

    @Test
    void backupDuringARecoveryIsRefused() throws IOException {
        made(BOTH);
        Path journal = Files.createFile(dir.resolve("state/recovery.journal"));
        write("etc/veloz/config.yaml", "half recovered", "rw-r--r--");
        assertThatThrownBy(() -> backup().run(BOTH))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.RECOVERY_UNDER_WAY))
                .hasMessageContaining(journal + " exists");
        assertThat(chain()).hasSize(1);
        Files.delete(journal);
        assertThat(made(BOTH).number()).isEqualTo(2);
    }

    /** Makes a file in the state directory when the sources are read, and expects that the backup then puts no point. */
    private void assertRecoveryMeanwhileIsRefused(String journal) throws IOException {
        made(BOTH);
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        boolean[] began = {false};
        SteppedStore recovering = new SteppedStore(store, request -> {
            if (!began[0] && wasStored()) {
                began[0] = true;
                Files.writeString(dir.resolve("state").resolve(journal), "plan complete\n");
            }
        });
        assertThatThrownBy(() -> backup(recovering).run(BOTH))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.RECOVERY_UNDER_WAY))
                .hasMessageContaining("while this backup read its sources");
        assertThat(began[0]).isTrue();
        assertThat(chain()).hasSize(1);
    }

    @Test
    void recoveryThatBeginsDuringABackupPreventsItsPoint() throws IOException {
        assertRecoveryMeanwhileIsRefused("recovery.journal");
    }

    @Test
    void recoveryThatIsCompletedDuringABackupPreventsItsPoint() throws IOException {
        assertRecoveryMeanwhileIsRefused("recovery.completed");
    }

    @Test
    void completedRecoveryThatIsNotCleanedUpPreventsNoBackup() throws IOException {
        made(BOTH);
        recover(BOTH, Optional.empty());
        assertThat(dir.resolve("state/recovery.completed")).exists();
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        assertThat(made(BOTH).number()).isEqualTo(2);
    }

    @Test
    void rollbackDuringABackupPreventsItsPoint() throws IOException {
        made(BOTH);
        recover(BOTH, Optional.empty());
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        boolean[] began = {false};
        SteppedStore rollingBack = new SteppedStore(store, request -> {
            if (!began[0] && wasStored()) {
                began[0] = true;
                recovery().rollBack(RecoveryOptions.of(Set.of()));
            }
        });
        assertThatThrownBy(() -> backup(rollingBack).run(BOTH))
                .isInstanceOf(BackupRefusedException.class)
                .hasMessageContaining("while this backup read its sources");
        assertThat(chain()).hasSize(1);
    }

    private void forge(UnaryOperator<Attachment.Builder> change) throws IOException {
        PointChain.Stored before = chain().get(0);
        RecoveryPoint point = before.point();
        Attachment genuine = point.attachment(Kind.SECRETS).orElseThrow();
        Attachment.Builder forged = Attachment.builder(Kind.SECRETS, genuine.id())
                .taken(genuine.taken())
                .bracket(genuine.bracket())
                .plainBytes(genuine.plainBytes())
                .contentMac(genuine.contentMac())
                .roots(genuine.roots())
                .recipients(genuine.recipients())
                .signer(genuine.signer())
                .chunks(genuine.chunks());
        assertThat(new PointChain(store)
                        .put(RecoveryPoint.of(
                                2,
                                point.logId(),
                                before.sha256(),
                                point.made(),
                                point.host(),
                                point.tip(),
                                List.of(change.apply(forged).build()))))
                .isTrue();
    }

    @Test
    void attachmentThatAForgedPointMakesYoungerIsRefused() throws IOException {
        made(BOTH);
        forge(attachment -> attachment.taken(Instant.now().plusSeconds(60)));
        assertNothingChanged(Set.of(Kind.SECRETS), Optional.empty(), Reason.DAMAGED);
    }

    @Test
    void attachmentThatAForgedPointMovesInTheLogIsRefused() throws IOException {
        made(BOTH);
        forge(attachment -> attachment.bracket(new Bracket(0, 1)));
        assertNothingChanged(Set.of(Kind.SECRETS), Optional.empty(), Reason.DAMAGED);
    }

    @Test
    void configurationThatContainsSecretsIsRefused() throws IOException {
        profile = profile("");
        assertThatThrownBy(() -> backup().run(Set.of(Kind.CONFIGURATION)))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.SECRETS_IN_CONFIGURATION));
        assertThat(archive().resolve("attachments"))
                .satisfiesAnyOf(
                        path -> assertThat(path).doesNotExist(),
                        path -> assertThat(path).isEmptyDirectory());
    }

    @Test
    void logThatIsNotArchivedInTimeIsRefused() throws IOException {
        shipper.close();
        append();
        Backup backup = new Backup(store, profile, LogPosition.of(wal), Duration.ZERO, BackupProgress.NONE);
        assertThatThrownBy(() -> backup.run(BOTH))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.LOG_NOT_ARCHIVED));
        assertThat(archive().resolve("points")).doesNotExist();
    }

    @Test
    void secretThatOthersCanReadIsAFinding() throws IOException {
        write("opt/.env", "TOKEN=" + MARKER, "rw-r--r--");
        assertThat(backup().run(BOTH).findings()).singleElement().asString().contains(".env");
    }

    @Test
    void nothingLeavesInTheClear() throws IOException {
        made(BOTH);
        try (Stream<Path> walk = Files.walk(archive())) {
            for (Path file : walk.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(MARKER)
                        .doesNotContain("depth:");
            }
        }
        try (Stream<Path> state = Files.list(dir.resolve("state"))) {
            assertThat(state.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("content-mac.key", "spool.lock");
        }
    }

    @Test
    void backupNeverFencesTheShipper() throws IOException {
        for (int i = 0; i < 3; i++) {
            append();
            write("etc/veloz/config.yaml", "depth: " + i, "rw-r--r--");
            made(BOTH);
        }
        assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(30)))
                .isTrue();
        assertThat(shipper.status().fenced()).isNull();
    }

    private void assertStoredAgain(String problem) throws IOException {
        BackupReport report = backup().run(BOTH);
        assertThat(report.stored()).containsExactly(Kind.SECRETS);
        assertThat(report.unchanged()).containsExactly(Kind.CONFIGURATION);
        assertThat(report.findings())
                .singleElement()
                .asString()
                .contains("the secrets was not changed, but the store has lost a part of it")
                .contains(problem);
        assertEveryChunkIsStored(report.point().orElseThrow());
        assertThat(backup().run(BOTH).point()).isEmpty();
    }

    @Test
    void unchangedKindWithAMissingChunkIsStoredAgain() throws IOException {
        String key = made(BOTH).attachment(Kind.SECRETS).orElseThrow().chunkKey(1);
        store.delete(List.of(key));
        assertStoredAgain(key + " is missing");
    }

    @Test
    void unchangedKindWithAChunkOfAnotherSizeIsStoredAgain() throws IOException {
        String key = made(BOTH).attachment(Kind.SECRETS).orElseThrow().chunkKey(0);
        store.delete(List.of(key));
        store.putIfAbsent(key, ObjectContent.of(new byte[10]));
        assertStoredAgain(key + " has 10 bytes; expected 1024");
    }

    @Test
    void kindThatTheStoreHasLostIsNotCarriedOver() throws IOException {
        store.delete(List.of(made(BOTH).attachment(Kind.SECRETS).orElseThrow().chunkKey(0)));
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        BackupReport report = backup().run(Set.of(Kind.CONFIGURATION));
        RecoveryPoint second = report.point().orElseThrow();
        assertThat(second.attachments()).extracting(Attachment::kind).containsExactly(Kind.CONFIGURATION);
        assertEveryChunkIsStored(second);
        assertThat(report.findings()).singleElement().asString().contains("the secrets of recovery point 1");
        assertThat(made(BOTH).attachments()).hasSize(2);
    }

    /** The other job's attachments may need more of the log than was archived when this one began to wait. */
    @Test
    void pointAfterALostRaceIsBoundToAnArchiveThatHasAllThatItNames() throws IOException {
        made(BOTH);
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        SteppedStore counting = new SteppedStore(store, request -> {});
        backup(counting).run(Set.of(Kind.CONFIGURATION));
        write("etc/veloz/config.yaml", "depth: 7\n", "rw-r--r--");
        SteppedStore racing = new SteppedStore(store, request -> {
            if (request == counting.requests()) {
                append();
                assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(30)))
                        .isTrue();
                write("opt/.env", "TOKEN=other", "rw-------");
                assertThat(made(Set.of(Kind.SECRETS)).number()).isEqualTo(3);
            }
        });
        RecoveryPoint point =
                backup(racing).run(Set.of(Kind.CONFIGURATION)).point().orElseThrow();
        assertThat(point.number()).isEqualTo(4);
        assertThat(point.upTo()).isEqualTo(wal.lastSequence());
        assertThat(point.tip().archivedSequence()).isGreaterThanOrEqualTo(point.upTo());
    }

    @Test
    void pointThatNeedsMoreOfTheLogThanItsArchiveHasIsNotOne() {
        Attachment attachment = Attachment.builder(Kind.SECRETS, "0".repeat(32))
                .bracket(new Bracket(7, 9))
                .build();
        assertThatThrownBy(() -> RecoveryPoint.of(
                        1,
                        "0".repeat(32),
                        PointChain.NO_POINT,
                        Instant.EPOCH,
                        "db1",
                        new RecoveryPoint.Tip(1, "0".repeat(64), 8),
                        List.of(attachment)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ends at record 8; an attachment needs it up to record 9");
    }

    @Test
    void archiveThatHasLostItsEndSinceTheNewestPointIsRefused() throws IOException {
        RecoveryPoint first = made(BOTH);
        PointChain chain = new PointChain(store);
        RecoveryPoint later = RecoveryPoint.of(
                2,
                first.logId(),
                chain().get(0).sha256(),
                first.made(),
                first.host(),
                new RecoveryPoint.Tip(1_000_000, "0".repeat(64), 1_000_000),
                first.attachments());
        assertThat(chain.put(later)).isTrue();
        write("opt/.env", "TOKEN=other", "rw-------");
        assertThatThrownBy(() -> backup().run(BOTH))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.ARCHIVE_UNUSABLE))
                .hasMessageContaining("recovery point 2 was made at slot 1000000: the archive has lost objects");
    }

    @Test
    void interruptionEndsTheWaitForTheArchive() throws Exception {
        shipper.close();
        append();
        Thread job = Thread.currentThread();
        BackupProgress interrupting = new BackupProgress() {
            @Override
            public void onWaitingForArchive(long upTo, long archivedSequence) {
                job.interrupt();
            }
        };
        Backup backup = new Backup(store, profile, LogPosition.of(wal), Duration.ofDays(1), interrupting);
        assertThatThrownBy(() -> backup.run(BOTH))
                .isInstanceOf(InterruptedIOException.class)
                .hasMessageContaining("no point was put");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(archive().resolve("points")).doesNotExist();
    }

    /** Wherever a backup dies, there is no point or a whole one, older points stay whole, and the next run makes one. */
    @Test
    void backupThatDiesAtAnyRequestLeavesOnlyWholePoints() throws IOException {
        made(BOTH);
        int version = 1;
        for (boolean afterEffect : new boolean[] {false, true}) {
            for (int diesAt = Cuts.first(); ; diesAt += Cuts.step()) {
                String content = "depth: " + ++version;
                write("etc/veloz/config.yaml", content, "rw-r--r--");
                DyingStore dying = new DyingStore(store, diesAt, afterEffect);
                boolean completed = false;
                try {
                    backup(dying).run(BOTH);
                    completed = true;
                } catch (DyingStore.Died e) {
                    // Points and chunks do not change, so the older ones need not be compared again each time.
                    assertEveryChunkIsStored(newestPoint());
                }
                backup().run(BOTH);
                if (diesAt % 8 < Cuts.step() || completed) {
                    assertThat(recoveredConfiguration())
                            .as("died at request %d", diesAt)
                            .isEqualTo(content);
                }
                if (completed) {
                    assertThat(diesAt).isGreaterThan(10);
                    break;
                }
            }
        }
        for (PointChain.Stored stored : chain()) {
            assertEveryChunkIsStored(stored.point());
        }
        try (Stream<Path> state = Files.list(dir.resolve("state"))) {
            assertThat(state.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("content-mac.key", "recovery.lock", "spool.lock");
        }
    }

    private RecoveryPoint newestPoint() throws IOException {
        PointChain points = new PointChain(store);
        try {
            return points.read(points.newest()).orElseThrow().point();
        } catch (BadPointException e) {
            throw new AssertionError(e);
        }
    }

    private void assertEveryChunkIsStored(RecoveryPoint point) throws IOException {
        for (Attachment attachment : point.attachments()) {
            for (int i = 0; i < attachment.chunks().size(); i++) {
                assertThat(store.head(attachment.chunkKey(i)))
                        .get()
                        .extracting(StoredObject::bytes)
                        .isEqualTo(attachment.chunks().get(i).bytes());
            }
        }
    }

    private List<PointChain.Stored> chain() throws IOException {
        try {
            return new PointChain(store).readAll();
        } catch (BadPointException e) {
            throw new AssertionError(e);
        }
    }

    private String recoveredConfiguration() throws IOException {
        recover(Set.of(Kind.CONFIGURATION), Optional.empty());
        String content = Files.readString(dir.resolve("etc/veloz/config.yaml"));
        recovery().cleanUp(RecoveryOptions.of(Set.of()));
        return content;
    }

    // ---- recovery

    @Test
    void everythingComesBack() throws IOException {
        Map<String, String> before = inPlace();
        made(BOTH);
        io.veloz.wal.backup.internal.place.Trees.delete(dir.resolve("etc/veloz"));
        Files.delete(dir.resolve("opt/.env"));
        RecoveryReport report = recover(BOTH, Optional.empty());
        assertThat(inPlace()).isEqualTo(before);
        assertThat(report.changes()).noneMatch(change -> change.contains(".before-recovery-"));
        recovery().cleanUp(RecoveryOptions.of(Set.of()));
    }

    @Test
    void olderPointComesBackAndWhatWasInPlaceIsKept() throws IOException {
        Map<String, String> before = inPlace();
        made(BOTH);
        write("etc/veloz/config.yaml", "depth: 6\n", "rw-r--r--");
        write("etc/veloz/stale.yaml", "stale", "rw-r--r--");
        made(BOTH);
        Map<String, String> newer = inPlace();
        RecoveryReport report = recover(BOTH, Optional.of(1L));
        assertThat(inPlace()).isEqualTo(before);
        assertThat(report.changes())
                .filteredOn(change -> change.contains(".before-recovery-"))
                .hasSize(2);
        recovery().rollBack(RecoveryOptions.of(Set.of()));
        assertThat(inPlace()).isEqualTo(newer);
    }

    @Test
    void secretsInsideOfTheConfigurationStayWhenOnlyTheConfigurationIsRecovered() throws IOException {
        made(BOTH);
        write("etc/veloz/config.yaml", "broken", "rw-r--r--");
        write("etc/veloz/secrets/venue.key", "newer", "rw-------");
        recover(Set.of(Kind.CONFIGURATION), Optional.empty());
        assertThat(inPlace())
                .containsEntry("etc/veloz/config.yaml", "rw-r--r-- depth: 5\n")
                .containsEntry("etc/veloz/secrets/venue.key", "rw------- newer");
    }

    private void assertNothingChanged(Set<Kind> kinds, Optional<Long> number, Reason reason) throws IOException {
        Map<String, String> before = inPlace();
        assertThatThrownBy(() -> recover(kinds, number))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(reason));
        assertThat(inPlace()).isEqualTo(before);
    }

    @Test
    void missingChunkIsRefused() throws IOException {
        RecoveryPoint point = made(BOTH);
        store.delete(List.of(point.attachment(Kind.SECRETS).orElseThrow().chunkKey(1)));
        assertNothingChanged(BOTH, Optional.empty(), Reason.INCOMPLETE);
    }

    @Test
    void changedChunkIsRefused() throws IOException {
        RecoveryPoint point = made(BOTH);
        String key = point.attachment(Kind.SECRETS).orElseThrow().chunkKey(1);
        store.delete(List.of(key));
        store.putIfAbsent(key, ObjectContent.of(new byte[1024]));
        assertNothingChanged(BOTH, Optional.empty(), Reason.DAMAGED);
    }

    @Test
    void keyThatCannotReadItIsRefused() throws IOException {
        made(BOTH);
        keys.secret("operations.key", TestKeys.key("stranger").toAsciiArmoredString());
        assertNothingChanged(BOTH, Optional.empty(), Reason.KEY_MISSING);
    }

    @Test
    void pointThatDoesNotExistIsRefused() throws IOException {
        assertNothingChanged(BOTH, Optional.empty(), Reason.NO_POINT);
        made(BOTH);
        assertNothingChanged(BOTH, Optional.of(2L), Reason.NO_POINT);
    }

    @Test
    void changedPointIsRefused() throws IOException {
        made(BOTH);
        Path point = archive().resolve("points").resolve("00000000000000000001");
        byte[] bytes = Files.readAllBytes(point);
        bytes[100] ^= 1;
        Files.write(point, bytes);
        assertNothingChanged(BOTH, Optional.empty(), Reason.DAMAGED);
    }

    @Test
    void runningEngineIsRefused() throws IOException {
        profile = profile("configuration.exclude = secrets/**\nlog.directory = wal\n");
        made(BOTH);
        RecoveryPlan plan = recovery().plan(store, RecoveryOptions.of(BOTH));
        assertThatThrownBy(() -> recovery().run(store, plan, keys.recovery(), RecoveryProgress.NONE))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS));
    }

    @Test
    void archiveThatHasLostItsEndIsRefused() throws IOException {
        made(BOTH);
        Path other = dir.resolve("other");
        try (Wal second = Wal.open(dir.resolve("wal2"));
                WalShipper ships = WalShipper.start(
                        second, ShipperConfig.builder(other.toUri().toString()).build())) {
            second.appendDurable(1, ByteBuffer.wrap(new byte[1]));
            assertThat(ships.awaitArchived(1, Duration.ofSeconds(30))).isTrue();
        }
        Files.createDirectory(other.resolve("points"));
        Files.copy(archive().resolve("points/00000000000000000001"), other.resolve("points/00000000000000000001"));
        try (ObjectStore elsewhere = new DirectoryStore(other)) {
            assertThatThrownBy(() -> recovery().plan(elsewhere, RecoveryOptions.of(BOTH)))
                    .isInstanceOfSatisfying(
                            RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LOG_BEHIND));
        }
    }
}
