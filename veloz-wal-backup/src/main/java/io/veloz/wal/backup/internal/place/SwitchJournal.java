package io.veloz.wal.backup.internal.place;

import io.veloz.wal.backup.RecoveryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Puts everything that is staged in place by a fixed list of steps. Each is recorded after it was done, so that an
 * interrupted switch can be completed or undone. It belongs to one thread, which has {@link StateDirectory#lockRecovery}.
 *
 * <p>The names on disk alone do not show which steps were done: after {@code X -> X.before} and {@code X.staged -> X} both
 * names of the first rename exist again. So the recorded lines count, and only the one step after them is doubtful. Every
 * step can be run again and undone again, also in part: so the doubtful one is run by a resume, and undone by a rollback,
 * whether it was done or not.
 *
 * <p>Neither a completed switch nor a completed rollback deletes anything. {@link #discard} does, as a decision of its own.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><td>before the plan is whole</td><td>no journal</td><td>nothing has changed</td></tr>
 * <tr><td>before, in or after a step, before its line</td><td>one doubtful step</td><td>run again, or undone</td></tr>
 * <tr><td>after "back", anywhere</td><td>a rollback that began</td><td>only the rollback can continue</td></tr>
 * <tr><td>after the last line</td><td>a finished journal under its first name</td><td>gets the name that allows a
 * start of the engine, and is kept until {@link #discard}</td></tr>
 * <tr><td>after "discarding", anywhere</td><td>a part of what was set aside</td><td>only the clean-up can continue: a
 * rollback would have nothing to put back</td></tr>
 * </table>
 */
public final class SwitchJournal {
    /** While this file exists, a switch or a rollback is not complete, and the engine must not start. */
    public static final String NAME = "recovery.journal";

    /** The name of the journal after a completed switch or a completed rollback. */
    static final String COMPLETED = "recovery.completed";

    private static final String END_OF_PLAN = "plan complete";
    private static final String FACT = "fact";
    private static final String DONE = "done ";
    private static final String BACK = "back ";
    private static final String UNDONE = "undone ";
    private static final String DISCARDING = "discarding";

    private final Path directory;
    private Path file;
    private final List<String> facts;
    private final List<Step> steps;
    private int done;

    /** How many steps a rollback began with; -1 if none did. */
    private int back = -1;

    private int undone;

    private boolean discarding;

    private Runnable cut = () -> {};

    private SwitchJournal(Path file, List<String> facts, List<Step> steps) {
        this.directory = parent(file);
        this.file = file;
        this.facts = List.copyOf(facts);
        this.steps = List.copyOf(steps);
    }

    /** Empty if there is none. */
    public static Optional<SwitchJournal> open(StateDirectory state, Step.Reader reader) throws IOException {
        Path file = state.path().resolve(NAME);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            file = state.path().resolve(COMPLETED);
        }
        List<String> lines;
        try {
            lines = wholeLines(Files.readString(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        List<String> facts = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        int at = 0;
        while (at < lines.size() && !lines.get(at).equals(END_OF_PLAN)) {
            List<String> fields = List.of(lines.get(at++).split("\t", -1));
            if (fields.get(0).equals(FACT) && fields.size() == 2) {
                facts.add(fields.get(1));
            } else if (fields.get(0).equals(Rename.TYPE)) {
                steps.add(Rename.read(fields));
            } else {
                steps.add(reader.read(fields));
            }
        }
        if (at == lines.size()) {
            throw new IOException(file + ": the plan is not complete, though it was renamed into place");
        }
        SwitchJournal journal = new SwitchJournal(file, facts, steps);
        for (String line : lines.subList(at + 1, lines.size())) {
            journal.take(line);
        }
        return Optional.of(journal);
    }

    /** The last line may be cut: then the step that it records is the doubtful one. */
    private static List<String> wholeLines(String text) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
            lines.add(text.substring(from, end));
            from = end + 1;
        }
        return lines;
    }

    private void take(String line) throws IOException {
        if (line.equals(DONE + (done + 1)) && back < 0 && done < steps.size()) {
            done++;
        } else if (line.equals(BACK + withDoubtful()) && back < 0) {
            back = withDoubtful();
        } else if (back >= 0 && undone < back && line.equals(UNDONE + (back - undone))) {
            undone++;
        } else if (line.equals(DISCARDING) && isFinished() && !discarding) {
            discarding = true;
        } else {
            throw new IOException(file + ": \"" + line + "\" does not follow " + this);
        }
    }

    /** The steps that may be done: those recorded, and the one after them. */
    private int withDoubtful() {
        return Math.min(done + 1, steps.size());
    }

    /**
     * Records a plan, before anything is renamed.
     *
     * @param facts for who reads the journal; without line feeds and tabs
     * @throws IOException if a journal exists, or a name cannot be recorded
     */
    public static SwitchJournal create(StateDirectory state, List<String> facts, List<Step> steps) throws IOException {
        Path file = state.path().resolve(NAME);
        for (Path earlier : List.of(file, state.path().resolve(COMPLETED))) {
            if (Files.exists(earlier, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException(earlier + " exists: resume, roll back or clean up that recovery first");
            }
        }
        StringBuilder plan = new StringBuilder();
        for (String fact : facts) {
            plan.append(FACT).append('\t').append(requireOneLine(fact)).append('\n');
        }
        for (Step step : steps) {
            List<String> fields = new ArrayList<>();
            for (String field : step.fields()) {
                fields.add(requireOneLine(field));
            }
            plan.append(String.join("\t", fields)).append('\n');
        }
        plan.append(END_OF_PLAN).append('\n');
        Path making = state.path().resolve(NAME + ".new");
        Files.deleteIfExists(making);
        Files.createFile(making, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(making, plan);
        try (FileChannel channel = FileChannel.open(making, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(making, file, StandardCopyOption.ATOMIC_MOVE);
        StateDirectory.force(state.path());
        return new SwitchJournal(file, facts, steps);
    }

    private static String requireOneLine(String text) throws IOException {
        if (text.chars().anyMatch(c -> c == '\n' || c == '\r' || c == '\t')) {
            throw new IOException(
                    "\"" + text + "\" contains a line feed or a tab, and cannot be recorded in a journal");
        }
        return text;
    }

    /** Sets an action that runs before each step and before each line. Tests end there, as a killed process would. */
    public void onCut(Runnable action) {
        cut = action;
    }

    public List<String> facts() {
        return facts;
    }

    public List<Step> steps() {
        return steps;
    }

    /** Whether a step renames something else than files: the database. */
    public boolean hasDatabase() {
        return steps.stream().anyMatch(step -> !(step instanceof Rename));
    }

    /** Whether all of it is in place. */
    public boolean isComplete() {
        return back < 0 && done == steps.size();
    }

    /** Whether all of it is as it was before. */
    public boolean isUndone() {
        return back >= 0 && undone == back;
    }

    private boolean isFinished() {
        return isComplete() || isUndone();
    }

    /** Whether a rollback began: then only that can continue. */
    public boolean isRollingBack() {
        return back >= 0;
    }

    /** Whether {@link #discard} began: then only that can continue. */
    public boolean isDiscarding() {
        return discarding;
    }

    /** Does all steps that are not done yet. Then the engine may start. */
    public void complete() throws IOException {
        if (back >= 0) {
            throw new IOException(file + ": a rollback began, and can only be completed");
        }
        while (done < steps.size()) {
            Step step = steps.get(done);
            cut.run();
            step.run();
            record(DONE + (done + 1));
            done++;
        }
        moveTo(COMPLETED);
    }

    /** Gives the journal the name that allows or forbids a start of the engine. */
    private void moveTo(String name) throws IOException {
        Path target = directory.resolve(name);
        if (!file.equals(target)) {
            cut.run();
            Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
            file = target;
            StateDirectory.force(directory);
        }
    }

    /**
     * Undoes all steps that were done, and the doubtful one, the last one first. What the switch had put in place is set aside
     * under the names that it was staged with. Then the engine may start.
     */
    public void rollBack() throws IOException {
        if (discarding) {
            throw new IOException(file + ": a clean-up began, and can only be completed");
        }
        if (isUndone()) {
            moveTo(COMPLETED);
            return;
        }
        if (back < 0) {
            // Before the journal gets the name that forbids a start: a refusal changes nothing.
            for (int i = 0; i < withDoubtful(); i++) {
                steps.get(i).requireUndo(i < done);
            }
        }
        moveTo(NAME);
        if (back < 0) {
            // Recorded before anything is undone: after that no line shows where the switch had ended.
            record(BACK + withDoubtful());
            back = withDoubtful();
        }
        while (undone < back) {
            Step step = steps.get(back - undone - 1);
            cut.run();
            step.undo();
            record(UNDONE + (back - undone));
            undone++;
        }
        moveTo(COMPLETED);
    }

    /**
     * Deletes what was set aside, and the journal: what was in place before a completed switch, or what the switch had put in
     * place before a completed rollback.
     *
     * @return what was deleted, one description for each
     * @throws RecoveryException PLACE_UNUSABLE if what belongs in place is missing
     * @throws IOException if the switch is half done
     */
    public List<String> discard() throws IOException {
        if (!isFinished()) {
            throw new IOException(file + ": the switch is half done (" + this + ")");
        }
        if (!discarding) {
            copies().requirePlaces();
            for (Step step : steps) {
                step.requireInPlace(isUndone());
            }
            record(DISCARDING);
            discarding = true;
        }
        List<String> deleted = new ArrayList<>();
        for (Step step : steps) {
            cut.run();
            if (isUndone() ? step.discardStaged() : step.discardKept()) {
                setAside(step).ifPresent(deleted::add);
            }
        }
        cut.run();
        withdraw();
        return deleted;
    }

    /** Removes the journal, and nothing else. For one whose first step was not begun. */
    public void withdraw() throws IOException {
        Files.delete(file);
        StateDirectory.force(directory);
    }

    /** Returns the names that things are set aside under, whether they exist or not. */
    public List<String> setAsideNames() {
        return steps.stream().flatMap(step -> setAside(step).stream()).toList();
    }

    /**
     * Returns what {@link #discard} would delete, one description for each. Connects to no server: whether a database exists
     * is not known.
     */
    public List<String> setAside() {
        return steps.stream()
                .filter(step -> !(step instanceof Rename rename) || rename.isSetAside(isUndone()))
                .flatMap(step -> setAside(step).stream())
                .toList();
    }

    private Optional<String> setAside(Step step) {
        return isUndone() ? step.staged() : step.kept();
    }

    /** Returns the copies of files that {@link #discard} would delete. */
    public Copies copies() {
        return new Copies(steps, isUndone());
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "an absolute path has a parent");
    }

    private void record(String line) throws IOException {
        cut.run();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            // A line that was cut by a crash is overwritten.
            channel.truncate(endOfLastLine(channel));
            channel.position(channel.size());
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static long endOfLastLine(FileChannel channel) throws IOException {
        ByteBuffer all = ByteBuffer.allocate((int) channel.size());
        while (all.hasRemaining() && channel.read(all, all.position()) >= 0) {
            // Until all of it is read.
        }
        int end = all.position();
        while (end > 0 && all.get(end - 1) != '\n') {
            end--;
        }
        return end;
    }

    @Override
    public String toString() {
        return steps.size() + " steps, " + done + " done"
                + (back >= 0 ? ", rolling back, " + undone + " of " + back + " undone" : "")
                + (discarding ? ", a clean-up began" : "");
    }
}
