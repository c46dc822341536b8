package io.veloz.wal.backup.internal.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A switch that is cut before or after every rename and every line ends wholly new or wholly old. */
class SwitchJournalTest {
    @TempDir
    Path dir;

    private int round;

    /** Two roots, one of them with a part that is carried over. */
    private final class Disk {
        final Path home;
        final StateDirectory state;
        final List<Rename> steps;

        Disk() throws IOException {
            home = Files.createDirectory(dir.resolve("round-" + round++));
            state = StateDirectory.open(home.resolve("state"));
            write("etc/file", "old");
            write("etc/secrets/key", "living");
            write(".etc.recovery-1/file", "new");
            write("env", "old");
            write(".env.recovery-1", "new");
            steps = List.of(
                    step("etc/secrets", ".etc.recovery-1/secrets"),
                    step("etc", "etc.before-recovery-1"),
                    step(".etc.recovery-1", "etc"),
                    step("env", "env.before-recovery-1"),
                    step(".env.recovery-1", "env"));
        }

        private Rename step(String from, String to) throws IOException {
            return Rename.of(home.resolve(from), home.resolve(to));
        }

        private void write(String name, String text) throws IOException {
            Files.createDirectories(home.resolve(name).getParent());
            Files.writeString(home.resolve(name), text);
        }

        Map<String, String> inPlace() throws IOException {
            Map<String, String> files = new TreeMap<>();
            for (String root : List.of("etc", "env")) {
                if (Files.exists(home.resolve(root))) {
                    try (Stream<Path> walk = Files.walk(home.resolve(root))) {
                        for (Path file : walk.filter(Files::isRegularFile).toList()) {
                            files.put(home.relativize(file).toString(), Files.readString(file));
                        }
                    }
                }
            }
            return files;
        }
    }

    private static final Map<String, String> NEW = Map.of("etc/file", "new", "etc/secrets/key", "living", "env", "new");
    private static final Map<String, String> OLD = Map.of("etc/file", "old", "etc/secrets/key", "living", "env", "old");

    /**
     * The state in which a process left the disk that died after a number of operations: each step is a rename and a line,
     * and a line may be cut.
     */
    private Disk cutAfter(int operations, boolean cutLine) throws IOException {
        Disk disk = new Disk();
        SwitchJournal.create(disk.state, List.of("point 1"), List.copyOf(disk.steps));
        Path journal = disk.state.path().resolve("recovery.journal");
        StringBuilder lines = new StringBuilder(Files.readString(journal));
        for (int i = 0; i < operations; i++) {
            Rename step = disk.steps.get(i / 2);
            if (i % 2 == 0) {
                Files.move(step.from(), step.to(), StandardCopyOption.ATOMIC_MOVE);
            } else {
                lines.append("done ").append(i / 2 + 1).append('\n');
            }
        }
        if (cutLine) {
            lines.append("don");
        }
        Files.writeString(journal, lines);
        return disk;
    }

    private static SwitchJournal open(Disk disk) throws IOException {
        return SwitchJournal.open(disk.state, SwitchJournalTest::unknown).orElseThrow();
    }

    private static Step unknown(List<String> fields) throws IOException {
        throw new IOException("unknown step " + fields);
    }

    @Test
    void resumedSwitchIsWhollyNewWhereverItWasCut() throws IOException {
        for (int operations = 0; operations <= 10; operations++) {
            for (boolean cutLine : new boolean[] {false, true}) {
                Disk disk = cutAfter(operations, cutLine);
                open(disk).complete();
                assertThat(disk.inPlace()).as("cut after %d", operations).isEqualTo(NEW);
                assertThat(open(disk).isComplete()).isTrue();
            }
        }
    }

    @Test
    void rolledBackSwitchIsWhollyOldWhereverItWasCut() throws IOException {
        for (int operations = 0; operations <= 10; operations++) {
            for (boolean cutLine : new boolean[] {false, true}) {
                Disk disk = cutAfter(operations, cutLine);
                open(disk).rollBack();
                assertThat(disk.inPlace()).as("cut after %d", operations).isEqualTo(OLD);
                assertThat(open(disk).isUndone()).isTrue();
            }
        }
    }

    @Test
    void rollbackThatIsCutAgainIsWhollyOld() throws IOException {
        for (int operations = 0; operations <= 10; operations++) {
            for (int undone = 0; undone <= 2 * 5; undone++) {
                Disk disk = cutAfter(operations, false);
                Path journal = disk.state.path().resolve("recovery.journal");
                // With the step after the last line, which may be done.
                int done = Math.min(operations / 2 + 1, 5);
                StringBuilder lines = new StringBuilder(Files.readString(journal));
                lines.append("back ").append(done).append('\n');
                for (int i = 0; i < Math.min(undone, 2 * done); i++) {
                    Rename step = disk.steps.get(done - 1 - i / 2);
                    if (i % 2 == 0) {
                        if (Files.exists(step.to()) && !Files.exists(step.from())) {
                            Files.move(step.to(), step.from(), StandardCopyOption.ATOMIC_MOVE);
                        }
                    } else {
                        lines.append("undone ").append(done - i / 2).append('\n');
                    }
                }
                Files.writeString(journal, lines);
                assertThatThrownBy(() -> open(disk).complete()).hasMessageContaining("rollback began");
                open(disk).rollBack();
                assertThat(disk.inPlace())
                        .as("cut after %d, then after %d", operations, undone)
                        .isEqualTo(OLD);
            }
        }
    }

    /** The death of the process. */
    private static final class Died extends Error {
        private static final long serialVersionUID = 1;
    }

    private static Runnable diesAt(int call) {
        int[] left = {call};
        return () -> {
            if (--left[0] == 0) {
                throw new Died();
            }
        };
    }

    private static Disk rolledBack(Disk disk) throws IOException {
        open(disk).rollBack();
        return disk;
    }

    @Test
    void rollbackSetsAsideWhatWasInPlaceAndOnlyTheCleanUpDeletesIt() throws IOException {
        Disk disk = cutAfter(10, false);
        disk.write("etc/written-since", "by the engine");
        rolledBack(disk);
        assertThat(disk.home.resolve(".etc.recovery-1/written-since")).hasContent("by the engine");
        assertThat(open(disk).setAside())
                .containsExactly(
                        disk.home.resolve(".etc.recovery-1").toString(),
                        disk.home.resolve(".env.recovery-1").toString());
        open(disk).discard();
        assertThat(disk.home.resolve(".etc.recovery-1")).doesNotExist();
        assertThat(disk.inPlace()).isEqualTo(OLD);
        assertThat(SwitchJournal.open(disk.state, SwitchJournalTest::unknown)).isEmpty();
    }

    @Test
    void cleanUpThatIsCutAnywhereCanOnlyBeCompletedAndKeepsWhatIsInPlace() throws IOException {
        for (boolean back : new boolean[] {false, true}) {
            for (int at = 1; ; at++) {
                Disk disk = back ? rolledBack(cutAfter(10, false)) : cutAfter(10, false);
                if (!back) {
                    open(disk).complete();
                }
                SwitchJournal journal = open(disk);
                journal.onCut(diesAt(at));
                boolean completed = false;
                try {
                    journal.discard();
                    completed = true;
                } catch (Died e) {
                    if (open(disk).isDiscarding()) {
                        assertThatThrownBy(() -> open(disk).rollBack()).hasMessageContaining("clean-up began");
                    }
                    open(disk).discard();
                }
                assertThat(disk.inPlace()).as("cut at %d", at).isEqualTo(back ? OLD : NEW);
                try (Stream<Path> files = Files.list(disk.home)) {
                    assertThat(files.map(file -> file.getFileName().toString()))
                            .containsExactlyInAnyOrder("env", "etc", "state");
                }
                if (completed) {
                    assertThat(at).isGreaterThan(6);
                    break;
                }
            }
        }
    }

    @Test
    void rollbackNeedsNothingOfWhatTheSwitchHadPutInPlace() throws IOException {
        Disk disk = cutAfter(10, false);
        Files.delete(disk.home.resolve("env"));
        open(disk).rollBack();
        assertThat(disk.inPlace()).isEqualTo(OLD);
    }

    @Test
    void rollbackNeedsNothingOfWhatWasStaged() throws IOException {
        Disk disk = cutAfter(8, false);
        Files.delete(disk.home.resolve(".env.recovery-1"));
        assertThatThrownBy(() -> open(disk).complete()).hasMessageContaining("neither");
        open(disk).rollBack();
        assertThat(disk.inPlace()).isEqualTo(OLD);
    }

    @Test
    void rollbackIsRefusedBeforeItBeginsIfAPlaceFromBeforeIsLost() throws IOException {
        Disk kept = cutAfter(10, false);
        Files.delete(kept.home.resolve("env.before-recovery-1"));
        assertThatThrownBy(() -> open(kept).rollBack()).hasMessageContaining("env.before-recovery-1 does not exist");
        assertThat(open(kept).isComplete()).isTrue();
        Disk carried = cutAfter(10, false);
        Files.delete(carried.home.resolve("etc/secrets/key"));
        Files.delete(carried.home.resolve("etc/secrets"));
        assertThatThrownBy(() -> open(carried).rollBack()).hasMessageContaining("etc/secrets does not exist");
        assertThat(open(carried).isComplete()).isTrue();
    }

    @Test
    void rollbackThatIsRefusedLeavesTheNameThatAllowsAStart() throws IOException {
        Disk disk = cutAfter(10, false);
        open(disk).complete();
        Files.delete(disk.home.resolve("env.before-recovery-1"));
        assertThatThrownBy(() -> open(disk).rollBack()).hasMessageContaining("env.before-recovery-1 does not exist");
        assertThat(disk.state.path().resolve("recovery.journal")).doesNotExist();
        assertThat(disk.state.path().resolve("recovery.completed")).exists();
    }

    @Test
    void anotherFileUnderTheNewNameIsNotTakenForTheStagedOne() throws IOException {
        Disk disk = cutAfter(8, false);
        // Made before the other one is deleted: a file system may give its number to the next file.
        disk.write("env", "foreign");
        Files.delete(disk.home.resolve(".env.recovery-1"));
        assertThatThrownBy(() -> open(disk).complete()).hasMessageContaining("env is not the file");
        open(disk).rollBack();
        assertThat(disk.inPlace()).isEqualTo(OLD);
        assertThat(disk.home.resolve(".env.recovery-1")).hasContent("foreign");
    }

    @Test
    void anotherFileUnderTheKeptNameIsNotTakenForTheKeptOne() throws IOException {
        Disk disk = cutAfter(6, false);
        disk.write("env.before-recovery-1", "foreign");
        Files.delete(disk.home.resolve("env"));
        assertThatThrownBy(() -> open(disk).complete()).hasMessageContaining("env.before-recovery-1 is not the file");
        assertThatThrownBy(() -> open(disk).rollBack()).hasMessageContaining("env.before-recovery-1 is not the file");
        assertThat(open(disk).isRollingBack()).isFalse();
    }

    @Test
    void anotherFileUnderTheKeptNameIsNeitherPutBackNorDeleted() throws IOException {
        Disk disk = cutAfter(10, false);
        disk.write("foreign", "foreign");
        Path kept = disk.home.resolve("env.before-recovery-1");
        Files.move(disk.home.resolve("foreign"), kept, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> open(disk).rollBack()).hasMessageContaining(kept + " is not the file");
        assertThatThrownBy(() -> open(disk).discard()).hasMessageContaining(kept + " is not the file");
        assertThat(kept).hasContent("foreign");
        assertThat(disk.home.resolve("etc.before-recovery-1")).exists();
    }

    @Test
    void cleanUpAfterARollbackIsRefusedWhileAPlaceThatExistedBeforeIsMissing() throws IOException {
        Disk disk = rolledBack(cutAfter(10, false));
        Files.delete(disk.home.resolve("env"));
        assertThatThrownBy(() -> open(disk).discard())
                .hasMessageContaining("env does not exist")
                .hasMessageContaining(".env.recovery-1 may be its last copy");
        assertThat(disk.home.resolve(".env.recovery-1")).hasContent("new");
        assertThat(disk.home.resolve(".etc.recovery-1")).exists();
        Files.move(disk.home.resolve(".env.recovery-1"), disk.home.resolve("moved-away"));
        assertThat(open(disk).discard())
                .containsExactly(disk.home.resolve(".etc.recovery-1").toString());
    }

    @Test
    void halfDoneSwitchIsNotCleanedUp() throws IOException {
        Disk disk = cutAfter(3, false);
        assertThatThrownBy(() -> open(disk).discard()).hasMessageContaining("half done");
    }

    /** A step that fails on its way, as the swap of a database does that has closed the live one. */
    private record HalfDone(Path mark) implements Step {
        @Override
        public List<String> fields() {
            return List.of("half-done");
        }

        @Override
        public void run() throws IOException {
            Files.createFile(mark);
            throw new IOException("failed on its way");
        }

        @Override
        public void requireUndo(boolean done) {}

        @Override
        public void requireInPlace(boolean undone) {}

        @Override
        public void undo() throws IOException {
            Files.deleteIfExists(mark);
        }

        @Override
        public String describe() {
            return "fail";
        }

        @Override
        public Optional<String> kept() {
            return Optional.empty();
        }

        @Override
        public Optional<String> staged() {
            return Optional.empty();
        }

        @Override
        public boolean discardKept() {
            return false;
        }

        @Override
        public boolean discardStaged() {
            return false;
        }
    }

    @Test
    void stepThatFailedOnItsWayIsUndoneByTheRollback() throws IOException {
        StateDirectory state = StateDirectory.open(dir.resolve("state"));
        Path mark = dir.resolve("mark");
        SwitchJournal journal = SwitchJournal.create(state, List.of("point 1"), List.of(new HalfDone(mark)));
        assertThatThrownBy(journal::complete).hasMessageContaining("failed on its way");
        assertThat(mark).exists();
        SwitchJournal.open(state, fields -> new HalfDone(mark)).orElseThrow().rollBack();
        assertThat(mark).doesNotExist();
    }

    @Test
    void nameThatSomeoneElseMadeStopsTheSwitch() throws IOException {
        Disk disk = cutAfter(3, false);
        Files.createDirectory(disk.home.resolve("etc"));
        assertThatThrownBy(() -> open(disk).complete()).hasMessageContaining("both");
        assertThatThrownBy(() -> open(disk).rollBack()).hasMessageContaining("both");
    }

    @Test
    void secondJournalIsRefused() throws IOException {
        Disk disk = new Disk();
        SwitchJournal.create(disk.state, List.of("point 1"), List.copyOf(disk.steps));
        assertThatThrownBy(() -> SwitchJournal.create(disk.state, List.of("point 2"), List.copyOf(disk.steps)))
                .hasMessageContaining("resume, roll back or clean up");
    }

    @Test
    void lineThatDoesNotFollowIsRefused() throws IOException {
        Disk disk = cutAfter(2, false);
        Path journal = disk.state.path().resolve("recovery.journal");
        Files.writeString(journal, Files.readString(journal) + "done 3\n");
        assertThatThrownBy(() -> open(disk)).hasMessageContaining("does not follow");
    }
}
