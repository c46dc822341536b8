package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.RecoveryPoints.Listed;
import io.veloz.wal.backup.SteppedStore.Death;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random histories of backups by two jobs at once, drills, plans, applications that die, and a reader. The rules of what is
 * kept are written here a second time, from the documentation.
 */
@Timeout(300)
class RetentionModelTest {
    private static final RetentionSettings SETTINGS =
            new RetentionSettings(Duration.ofDays(10), 3, 3, Duration.ofDays(4), Optional.empty());
    private static final int STEPS = 120;

    @TempDir(factory = MemoryDirectory.class)
    Path dir;

    private Random random = new Random(0);
    private ObjectStore store = new DirectoryStore(Path.of("unused"));
    private TestArchive archive = new TestArchive(store);
    private Instant now = Instant.parse("2026-01-10T02:15:00Z");
    private final List<Job> jobs = new ArrayList<>();
    private final List<RecoveryPoint> points = new ArrayList<>();
    private final TreeSet<Long> drilled = new TreeSet<>();
    private Optional<Reader> reader = Optional.empty();

    /** A backup that stores one chunk at a time. */
    private static final class Job {
        final Instant begun;
        final List<Attachment> attachments = new ArrayList<>();
        final List<String> stored = new ArrayList<>();
        int attachment;
        int chunk;

        Job(Instant begun) {
            this.begun = begun;
        }
    }

    /** A recovery that reads one chunk at a time. */
    private static final class Reader {
        final RecoveryPoint point;
        final Instant begun;
        final Iterator<String> keys;

        Reader(RecoveryPoint point, Instant begun) {
            this.point = point;
            this.begun = begun;
            this.keys = TestArchive.keys(point).iterator();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    void keptPointsAreWholeInEveryHistory(long seed) throws IOException {
        random = new Random(seed);
        store = new DirectoryStore(dir.resolve("archive"));
        archive = new TestArchive(store);
        points.add(archive.point(
                now, archive.attachment(Kind.CONFIGURATION, 1, now), archive.attachment(Kind.SECRETS, 1, now)));
        for (int step = 0; step < STEPS; step++) {
            act();
            check();
        }
        finish();
        store.close();
    }

    // ---- steps

    private void act() throws IOException {
        switch (random.nextInt(14)) {
            case 0, 1 -> now = now.plus(Duration.ofHours(1 + random.nextInt(60)));
            case 2 -> now = now.plus(Duration.ofDays(1 + random.nextInt(5)));
            case 3, 4 -> points.add(archive.point(now, archive.attachment(kind(), 1 + random.nextInt(3), now)));
            case 5, 6, 7 -> job();
            case 8 -> Retention.plan(store, SETTINGS, now);
            case 9 -> retentionThatDies();
            case 10 -> drill();
            case 11, 12 -> Retention.apply(store, SETTINGS, now);
            default -> read();
        }
    }

    private Kind kind() {
        return Kind.values()[random.nextInt(Kind.values().length)];
    }

    private void job() throws IOException {
        if (jobs.size() < 2) {
            Job job = new Job(now);
            for (Kind kind : List.of(Kind.SECRETS, kind())) {
                if (job.attachments.stream().noneMatch(attachment -> attachment.kind() == kind)) {
                    job.attachments.add(archive.described(kind, 1 + random.nextInt(2), now));
                }
            }
            jobs.add(job);
            return;
        }
        Job job = jobs.get(random.nextInt(2));
        if (random.nextInt(12) == 0) {
            // It dies, and leaves orphans.
            jobs.remove(job);
            return;
        }
        if (job.attachment < job.attachments.size()) {
            Attachment attachment = job.attachments.get(job.attachment);
            archive.putChunk(attachment, job.chunk);
            job.stored.add(attachment.chunkKey(job.chunk));
            job.chunk++;
            if (job.chunk == attachment.chunks().size()) {
                job.attachment++;
                job.chunk = 0;
            }
            return;
        }
        jobs.remove(job);
        if (isYoung(job)) {
            points.add(archive.point(now, job.attachments.toArray(Attachment[]::new)));
        }
    }

    /** As {@link Backup} decides before it puts its point. */
    private boolean isYoung(Job job) {
        return Duration.between(job.begun, now).compareTo(Retention.LONGEST_BACKUP) < 0;
    }

    private void retentionThatDies() throws IOException {
        Death death = Death.values()[random.nextInt(Death.values().length)];
        int requests = 6 + points.size() + random.nextInt(8);
        try {
            ObjectStore dying = new SteppedStore(store, requests, death);
            if (random.nextInt(3) == 0) {
                Retention.plan(dying, SETTINGS, now);
            } else {
                Retention.apply(dying, SETTINGS, now);
            }
        } catch (StoreException e) {
            assertThat(e).hasMessage("the store died");
        }
    }

    private void drill() throws IOException {
        List<Listed> whole =
                RecoveryPoints.list(store, now).stream().filter(Listed::isWhole).toList();
        long point = whole.get(random.nextInt(whole.size())).point().number();
        archive.receipt(point, "PASSED");
        drilled.add(point);
    }

    private void read() throws IOException {
        if (reader.isEmpty()) {
            reader = Optional.of(new Reader(RecoveryPoints.newestWhole(store).orElseThrow(), now));
        }
        Reader reading = reader.get();
        if (reading.keys.hasNext()) {
            String key = reading.keys.next();
            if (now.isBefore(reading.begun.plus(SETTINGS.grace()))) {
                assertThat(store.head(key))
                        .as("chunk of point %s", reading.point.number())
                        .isPresent();
            }
        } else {
            reader = Optional.empty();
        }
    }

    // ---- rules

    private void check() throws IOException {
        Set<String> stored = stored();
        for (long number : kept()) {
            RecoveryPoint point = points.get((int) number - 1);
            assertThat(point.number()).isEqualTo(number);
            assertThat(stored).as("point %s at %s", number, now).containsAll(TestArchive.keys(point));
        }
        for (Job job : jobs) {
            if (isYoung(job)) {
                assertThat(stored).as("job of %s at %s", job.begun, now).containsAll(job.stored);
            }
        }
    }

    private Set<Long> kept() {
        Set<Long> kept = new TreeSet<>();
        Set<YearMonth> months = new HashSet<>();
        for (int i = points.size() - 1; i >= 0; i--) {
            RecoveryPoint point = points.get(i);
            boolean isYoung = Duration.between(point.made(), now).compareTo(SETTINGS.within()) < 0;
            boolean isNew = points.size() - i <= SETTINGS.atLeast();
            boolean isFirstOfMonth = months.add(YearMonth.from(point.made().atOffset(ZoneOffset.UTC)))
                    && months.size() <= SETTINGS.monthly();
            if (isYoung || isNew || isFirstOfMonth) {
                kept.add(point.number());
            }
        }
        if (!drilled.isEmpty()) {
            kept.add(drilled.last());
        }
        return kept;
    }

    private Set<String> stored() throws IOException {
        Set<String> keys = new TreeSet<>();
        String after = "";
        for (List<StoredObject> page = store.list("attachments/", after);
                !page.isEmpty();
                page = store.list("attachments/", after)) {
            page.forEach(object -> keys.add(object.key()));
            after = page.get(page.size() - 1).key();
        }
        return keys;
    }

    /** Without jobs, all that no kept point names goes after its grace, and then nothing more. */
    private void finish() throws IOException {
        jobs.clear();
        for (int i = 0; i < 2; i++) {
            Retention.plan(store, SETTINGS, now);
            now = now.plus(Retention.ORPHAN_GRACE);
            Retention.apply(store, SETTINGS, now);
            check();
        }
        // Points that left the period during the grace wait for another one.
        Set<Long> remaining = Retention.plan(store, SETTINGS, now).kept().keySet();
        now = now.plus(Retention.ORPHAN_GRACE);
        RetentionReport last = Retention.apply(store, SETTINGS, now);
        Set<String> named = new TreeSet<>();
        remaining.forEach(number -> named.addAll(TestArchive.keys(points.get((int) (long) number - 1))));
        assertThat(last.waiting()).isZero();
        assertThat(stored()).isEqualTo(named);
        assertThat(Retention.apply(store, SETTINGS, now).deleted()).isEmpty();
        assertThat(stored()).isEqualTo(named);
    }
}
