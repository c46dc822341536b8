package io.veloz.wal.testkit;

import io.veloz.wal.WalException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Runs a workload, and checks what is left of it at every moment at which power can fail, the process can die, or an
 * operation can go wrong. Immutable; every setting returns a changed copy.
 *
 * <p>The workload runs once for a seed, and all that it changes on the disk is recorded. Then power is cut before change
 * 1, 2, 3 and so on, several times with other dice, and each time the check gets the disk that is left. So all cuts of one
 * run belong to one history, and a failure can be told exactly.
 *
 * <p>The system property {@code wal.seed} sets the seed, and {@code wal.rounds} with how many seeds, one after the other,
 * everything is done.
 *
 * @param <T> what the {@link History} is made of
 */
public final class CrashPoints<T> {
    private static final int DESCRIBED_CHANGES = 40;
    private static final int OPERATIONS_OF_A_CHECK = 120;
    private static final int CUTS_SOON_AFTER_FAULT = 20;

    private final Workload<T> workload;
    private final Check<T> check;
    private final DiskRules rules;
    private final long seed;
    private final int cuts;
    private final int threads;

    /** What is done: opens a log on the storage, works with it, closes it. It may open it more than once. */
    @FunctionalInterface
    public interface Workload<T> {
        void run(FaultyStorage storage, History<T> history) throws Exception;
    }

    /**
     * Opens what was left, and throws if anything is wrong. It may go on working: what it begins, acknowledges or shows
     * to somebody belongs into the history, and is expected after the second cut.
     */
    @FunctionalInterface
    public interface Check<T> {
        void check(FaultyStorage storage, History<T> history) throws Exception;
    }

    private CrashPoints(Workload<T> workload, Check<T> check, DiskRules rules, long seed, int cuts, int threads) {
        this.workload = workload;
        this.check = check;
        this.rules = rules;
        this.seed = seed;
        this.cuts = cuts;
        this.threads = threads;
    }

    /** With {@link DiskRules#WORST}, and five cuts at each place. */
    public static <T> CrashPoints<T> of(Workload<T> workload, Check<T> check) {
        return new CrashPoints<>(workload, check, DiskRules.WORST, Long.getLong("wal.seed", 1), 5, 1);
    }

    /** Every crash point once, then with a second crash, then each fault of each operation, for all seeds asked for. */
    public static <T> void forAllCrashPoints(Workload<T> workload, Check<T> check) {
        CrashPoints<T> points = of(workload, check);
        for (int round = 0; round < rounds(); round++) {
            CrashPoints<T> next = points.seed(points.seed + round);
            next.cutOnce();
            // With many rounds every second cut is tried.
            next.cutTwice(500 * rounds());
            next.killThenCut();
            for (Fault fault : EnumSet.complementOf(EnumSet.of(Fault.LIE))) {
                next.failEach(fault);
                next.failAfterCut(fault, 200);
            }
        }
    }

    /** How often randomised tests go round: the system property {@code wal.rounds}, or 1. */
    public static int rounds() {
        return Integer.getInteger("wal.rounds", 1);
    }

    public CrashPoints<T> rules(DiskRules value) {
        return new CrashPoints<>(workload, check, value, seed, cuts, threads);
    }

    public CrashPoints<T> seed(long value) {
        return new CrashPoints<>(workload, check, rules, value, cuts, threads);
    }

    /** How often power is cut at each place. */
    public CrashPoints<T> cuts(int value) {
        return new CrashPoints<>(workload, check, rules, seed, value, threads);
    }

    /**
     * How many faults are tried at the same time; 1 if not told. With more, workload and check are called by several
     * threads, each with a storage and a history of its own. A failing disk makes a log wait now and then.
     */
    public CrashPoints<T> threads(int value) {
        return new CrashPoints<>(workload, check, rules, seed, cuts, value);
    }

    // ---- power

    /**
     * Cuts power before every change, and at the end.
     *
     * @return how many cuts were checked
     * @throws AssertionError if any check fails; the message says where, and how to repeat it
     */
    public int cutOnce() {
        Run<T> run = run(FaultPlan.NONE);
        int count = 0;
        Journal.Replay replay = run.storage.journal().replay();
        for (int change = 0; change <= run.storage.journal().size(); change++) {
            Disk disk = replay.before(change);
            for (int cut = 0; cut < cuts; cut++) {
                checkAfterCut(run, disk, change, cutSeed(change, cut), List.of());
                count++;
            }
        }
        return count;
    }

    /**
     * Cuts power before every change of the workload, and then again before changes of what the check does: mostly the
     * recovery. Of each first cut so many second ones that there are about as many as wanted.
     */
    public int cutTwice(int wanted) {
        Run<T> run = run(FaultPlan.NONE);
        int firstCuts = run.storage.journal().size() + 1;
        Chance chance = new Chance(seed);
        Journal.Replay replay = run.storage.journal().replay();
        int count = 0;
        for (int change = 0; change < firstCuts; change++) {
            Run<T> second = checkAfterCut(run, replay.before(change), change, cutSeed(change, 0), List.of());
            String first = describe(run, change, cutSeed(change, 0));
            int changes = second.storage.journal().size() + 1;
            Journal.Replay secondReplay = second.storage.journal().replay();
            for (int at = 0; at < changes; at++) {
                Disk disk = secondReplay.before(at);
                if ((long) chance.below(1_000_000) * firstCuts * changes < 1_000_000L * wanted) {
                    checkAfterCut(second, disk, at, cutSeed(change, at + 1), List.of(first));
                    count++;
                }
            }
        }
        return count;
    }

    /**
     * Lets the process die before every change, and what the check then did come to its end; after that power is cut at
     * that end, and once in the middle. What was shown from the page cache alone is gone then.
     *
     * @return how many deaths were tried
     */
    public int killThenCut() {
        Run<T> run = run(FaultPlan.NONE);
        Journal.Replay replay = run.storage.journal().replay();
        int deaths = run.storage.journal().size() + 1;
        for (int change = 0; change < deaths; change++) {
            FaultyStorage killed = new FaultyStorage(
                    cutSeed(change, 0), rules, replay.before(change).copy());
            Run<T> reopened = new Run<>(killed, run.history.before(change, killed));
            String death = "the process dies before change " + change + ": "
                    + run.storage.journal().description(change);
            check(reopened, List.of(death));
            int end = killed.journal().size();
            int middle = new Chance(cutSeed(change, 0)).below(end + 1);
            Journal.Replay afterDeath = killed.journal().replay();
            checkAfterCut(reopened, afterDeath.before(middle), middle, cutSeed(change, 1), List.of(death));
            checkAfterCut(reopened, afterDeath.before(end), end, cutSeed(change, 2), List.of(death));
        }
        return deaths;
    }

    private long cutSeed(int change, int cut) {
        return seed * 1_000_000_007L + change * 1_009L + cut;
    }

    private Run<T> checkAfterCut(Run<T> run, Disk disk, int change, long cutSeed, List<String> before) {
        FaultyStorage after = new FaultyStorage(cutSeed, rules, disk.afterPowerCut(cutSeed, rules));
        Run<T> next = new Run<>(after, run.history.before(change, after));
        List<String> places = new ArrayList<>(before);
        places.add(describe(run, change, cutSeed));
        check(next, places);
        return next;
    }

    // ---- faults

    /**
     * Lets operation 1 fail alone, then operation 2, and so on until the workload has no more of them. The workload may end
     * with an error then. After each the process dies, or power fails, or one after the other, also in the middle of what
     * the workload did after the fault; and what is left is checked.
     *
     * @return in how many runs the fault has happened
     */
    public int failEach(Fault fault) {
        return failEach(fault, EnumSet.allOf(Operation.Kind.class));
    }

    /** The same, for operations of some kinds only. */
    public int failEach(Fault fault, Set<Operation.Kind> kinds) {
        return failFrom(kinds, fault, false);
    }

    /** As {@link #failEach}, but from its first time on every operation of these kinds fails. */
    public int failForEver(Fault fault, Set<Operation.Kind> kinds) {
        return failFrom(kinds, fault, true);
    }

    private int failFrom(Set<Operation.Kind> kinds, Fault fault, boolean forEver) {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            int count = 0;
            for (int first = 1; ; first += threads) {
                List<Callable<Boolean>> next = new ArrayList<>();
                for (int nth = first; nth < first + threads; nth++) {
                    NthOfKinds plan = new NthOfKinds(kinds, nth, fault, forEver);
                    next.add(() -> failOne(plan));
                }
                int happened = 0;
                for (Future<Boolean> one : pool.invokeAll(next)) {
                    happened += one.get() ? 1 : 0;
                }
                count += happened;
                if (happened < threads) {
                    return count;
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError failure) {
                throw failure;
            }
            throw new IllegalStateException("an unexpected error of the harness", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while faults were tried", e);
        } finally {
            pool.shutdownNow();
        }
    }

    /** Returns whether the workload came as far as the fault. */
    private boolean failOne(NthOfKinds plan) {
        Run<T> run = run(plan);
        if (run.storage.faults() == 0) {
            return false;
        }
        checkAfterFault(run, plan.fault + (plan.forEver ? " from now on in " : " in ") + plan.first());
        return true;
    }

    /**
     * Cuts power at some moments, and lets one operation of what the check does then fail: mostly of the recovery. The
     * check may end with an error then. After that the process dies, and what is left is checked; then also after another
     * power cut.
     *
     * @param wanted how many moments are tried
     * @return how often the fault has happened
     */
    public int failAfterCut(Fault fault, int wanted) {
        Run<T> run = run(FaultPlan.NONE);
        Chance chance = new Chance(seed);
        int count = 0;
        for (int i = 0; i < wanted; i++) {
            int change = (int) ((long) i * (run.storage.journal().size() + 1) / wanted);
            long cutSeed = cutSeed(change, i);
            Disk disk = run.storage.journal().replay().before(change);
            FaultyStorage after = new FaultyStorage(cutSeed, rules, disk.afterPowerCut(cutSeed, rules));
            NthOfKinds plan = new NthOfKinds(
                    EnumSet.allOf(Operation.Kind.class), 1 + chance.below(OPERATIONS_OF_A_CHECK), fault, false);
            after.plan(plan);
            Run<T> failing = new Run<>(after, run.history.before(change, after));
            String where = describe(run, change, cutSeed);
            tryOut(failing, List.of(where), () -> check.check(failing.storage, failing.history));
            if (after.faults() > 0) {
                checkAfterFault(failing, where + "\n  " + fault + " in " + plan.first());
                count++;
            }
        }
        return count;
    }

    private void checkAfterFault(Run<T> run, String what) {
        long cutSeed = cutSeed(run.storage.journal().size(), 0);
        run.storage.plan(FaultPlan.NONE);
        FaultyStorage killed = run.storage.killProcess();
        Run<T> reopened = new Run<>(killed, run.history.on(killed));
        check(reopened, List.of(what, "the process dies"));
        // What the reopened log has shown must not vanish, although the page cache may have shown more than there is.
        FaultyStorage cut = killed.cutPower(cutSeed);
        check(new Run<>(cut, reopened.history.on(cut)), List.of(what, "the process dies", "power cut " + cutSeed));
        FaultyStorage dark = run.storage.cutPower(cutSeed + 1);
        check(new Run<>(dark, run.history.on(dark)), List.of(what, "power cut " + (cutSeed + 1)));
        int since = run.storage.changesBeforeFault();
        int change = since
                + new Chance(cutSeed)
                        .below(Math.min(
                                CUTS_SOON_AFTER_FAULT, run.storage.journal().size() - since + 1));
        checkAfterCut(run, run.storage.journal().replay().before(change), change, cutSeed + 2, List.of(what));
    }

    // ---- both

    private record Run<T>(FaultyStorage storage, History<T> history) {}

    private Run<T> run(FaultPlan plan) {
        FaultyStorage storage = new FaultyStorage(seed, rules);
        storage.plan(plan);
        History<T> history = new History<>(storage);
        Run<T> run = new Run<>(storage, history);
        tryOut(run, List.of("the workload alone"), () -> workload.run(storage, history));
        return run;
    }

    private interface Task {
        void run() throws Exception;
    }

    /** Runs what may end with an error if something has gone wrong. */
    private void tryOut(Run<T> run, List<String> places, Task task) {
        try {
            task.run();
        } catch (WalException | IOException | UncheckedIOException | CompletionException e) {
            if (run.storage.faults() == 0) {
                throw failure(run, places, e);
            }
        } catch (Exception | AssertionError e) {
            throw failure(run, places, e);
        }
    }

    private void check(Run<T> run, List<String> places) {
        try {
            check.check(run.storage, run.history);
        } catch (Exception | AssertionError e) {
            throw failure(run, places, e);
        }
    }

    private static String describe(Run<?> run, int change, long cutSeed) {
        StringBuilder text = new StringBuilder();
        text.append("power cut ")
                .append(cutSeed)
                .append(" before change ")
                .append(change)
                .append(": ");
        text.append(run.storage.journal().description(change));
        for (int i = Math.max(0, change - DESCRIBED_CHANGES); i < change; i++) {
            text.append("\n      ")
                    .append(i)
                    .append(' ')
                    .append(run.storage.journal().description(i));
        }
        return text.toString();
    }

    private AssertionError failure(Run<T> run, List<String> places, Throwable cause) {
        String text = "seed " + seed + ", " + rules + "; repeat with -Dwal.seed=" + seed + "\n  "
                + String.join("\n  ", places) + "\n  faults: " + run.storage.faultsDone() + "\n  acknowledged: "
                + run.history.acknowledged() + "\n  " + cause;
        return new AssertionError(text, cause);
    }
}
