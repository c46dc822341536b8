package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.MemoryStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Listings are only a hint: a restore is complete, or reports what is missing. Not tested, because it cannot be detected: a
 * listing without the tip and without the dropped tails before it.
 */
class IncompleteListTest {
    private static final int RECORDS = 300;

    @TempDir
    Path dir;

    private final IncorrectListStore store = new IncorrectListStore();
    private Path source;
    private TestArchive archive;

    /** A store whose listings have small pages, without the hidden objects and with the deleted ones. */
    private static final class IncorrectListStore extends MemoryStore {
        private static final int PAGE = 7;

        final Set<String> hidden = new HashSet<>();
        final Set<String> deleted = new HashSet<>();
        final Random random = new Random(5);
        boolean isShuffled;
        boolean isWrongOnce;
        private boolean wasWrong;

        @Override
        public List<StoredObject> list(String prefix, String afterKey) {
            Set<String> keys = keys();
            if (!wasWrong || !isWrongOnce) {
                keys.addAll(deleted);
                keys.removeAll(hidden);
            }
            keys.removeIf(key -> !key.startsWith(prefix) || key.compareTo(afterKey) <= 0);
            wasWrong |= keys.isEmpty();
            List<String> page = new ArrayList<>(keys);
            if (isShuffled) {
                Collections.shuffle(page, random);
            }
            return page.stream()
                    .limit(PAGE)
                    .map(key -> new StoredObject(key, 100))
                    .toList();
        }

        Set<String> keys() {
            return new TreeSet<>(objects.keySet());
        }

        void hide(Collection<Long> slots) {
            slots.forEach(slot -> hidden.add(ArchiveKeys.slot(slot)));
        }

        void deleteAndList(Collection<Long> slots) throws IOException {
            List<String> keys = slots.stream().map(ArchiveKeys::slot).toList();
            delete(keys);
            deleted.addAll(keys);
        }
    }

    @BeforeEach
    void ship() throws IOException {
        source = dir.resolve("source");
        SmallLog.idle(source, wal -> SmallLog.append(wal, RECORDS));
        assertThat(LogFiles.of(source).sealed()).hasSizeGreaterThan(1);
        archive = new TestArchive(store, source).tails(500, Long.MAX_VALUE).segment(1);
    }

    private RestoreReport restore(Path target) {
        RestoreOptions options = RestoreOptions.into(target).parallelism(3);
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::run);
    }

    private void assertWhole(String name) {
        Path target = dir.resolve(name);
        assertThat(restore(target).lastSequence()).isEqualTo(RECORDS);
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(source));
    }

    private WalRestoreException refusal() {
        return catchThrowableOfType(WalRestoreException.class, () -> restore(dir.resolve("refused")));
    }

    private List<Long> slots(long from, long to) {
        List<Long> slots = new ArrayList<>();
        for (long slot = from; slot <= to; slot++) {
            slots.add(slot);
        }
        return slots;
    }

    @Test
    void newestSlotsThatAreNotListedAreFound() {
        long last = archive.slots();
        for (long first : new long[] {last, last - 1, last - 20, last / 2, 2, 1}) {
            store.hide(slots(first, last));
            assertWhole("from-" + first);
        }
    }

    @Test
    void slotsInTheMiddleThatAreNotListedAreFound() {
        long last = archive.slots();
        store.hide(slots(last / 3, last / 2));
        assertWhole("range");
        Random random = new Random(7);
        for (int i = 0; i < 5; i++) {
            store.hidden.clear();
            store.hide(
                    slots(1, last).stream().filter(slot -> random.nextBoolean()).toList());
            assertWhole("random-" + i);
        }
    }

    @Test
    void droppedTailsThatAreListedAreNotRequired() throws IOException {
        Set<String> before = store.keys();
        archive.dropTails();
        before.removeAll(store.keys());
        assertThat(before).isNotEmpty();
        store.deleted.addAll(before);
        assertWhole("whole");
    }

    @Test
    void tailsDroppedDuringTheListingLeadToTheirSegment() throws IOException {
        dropTheTip();
        store.isWrongOnce = true;
        assertWhole("whole");
    }

    @Test
    void listedTipThatIsMissingIsAnError() throws IOException {
        long tip = dropTheTip();
        WalRestoreException refused = refusal();
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(ArchiveKeys.slot(tip));
        assertThat(refused).hasMessageContaining("listed and missing");
    }

    /** Makes the listing stale: since then, the segment of the listed tip was shipped, and its tails were dropped. */
    private long dropTheTip() throws IOException {
        store.delete(List.copyOf(store.keys()));
        archive = new TestArchive(store, source).tails(500, 60);
        final long tip = archive.slots();
        Set<String> listed = store.keys();
        archive.tails(500, Long.MAX_VALUE).segment(1).dropTails();
        Set<String> now = store.keys();
        assertThat(now).doesNotContain(ArchiveKeys.slot(tip), ArchiveKeys.slot(tip + 1));
        store.deleted.addAll(listed);
        store.hidden.addAll(now);
        store.hidden.removeAll(listed);
        return tip;
    }

    @Test
    void requiredSlotThatIsMissingIsReported() throws IOException {
        List<Long> tails = archive.tailSlots();
        long needed = tails.get(tails.size() - 2);
        store.deleteAndList(List.of(needed));
        WalRestoreException refused = refusal();
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(ArchiveKeys.slot(needed));
    }

    @Test
    void unorderedPagesAreComplete() throws IOException {
        store.isShuffled = true;
        for (int i = 0; i < 5; i++) {
            assertWhole("before-" + i);
        }
        archive.dropTails();
        for (int i = 0; i < 5; i++) {
            assertWhole("after-" + i);
        }
    }
}
