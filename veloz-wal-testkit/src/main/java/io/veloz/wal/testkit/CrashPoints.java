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
 * Runs a workload, and checks the disk after a power failure, the death of the process, or a failed operation at every
 * moment of it. Immutable; every setting returns a changed copy.
 *
 * <p>The workload runs once per seed, and every change of the disk is recorded. Then power is cut before change 1, 2, 3
 * and so on, several times with different random outcomes, and the check receives the resulting disk each time. All
 * cuts of a run share one history, so that a failure can be described exactly.
 *
 * <p>The system property {@code wal.seed} sets the first seed, and {@code wal.rounds} the number of consecutive seeds.
 *
 * @param <T> the type of the steps in a {@link History}
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

    /**
     * The program under test: opens a log on the storage, uses it, and closes it. It can open the log more than once.
     */
    @FunctionalInterface
    public interface Workload<T> {
        void run(FaultyStorage storage, History<T> history) throws Exception;
    }

    /**
     * Opens the log on the remaining disk, and throws if anything is wrong. It can continue to work. Steps that it
     * begins, acknowledges or shows to others belong in the history, and are expected after the second cut.
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

    /** Returns crash points with {@link DiskRules#WORST} and five cuts per change. */
    public static <T> CrashPoints<T> of(Workload<T> workload, Check<T> check) {
        return new CrashPoints<>(workload, check, DiskRules.WORST, Long.getLong("wal.seed", 1), 5, 1);
    }

    /**
     * Runs every crash point once, then with a second crash, then each fault in each operation, for all
     * requested seeds.
     */
    public static <T> void forAllCrashPoints(Workload<T> workload, Check<T> check) {
        CrashPoints<T> points = of(workload, check);
        for (int round = 0; round < rounds(); round++) {
            CrashPoints<T> next = points.seed(points.seed + round);
            next.cutOnce();
            // With many rounds, every second cut is eventually tried.
            next.cutTwice(500 * rounds());
            next.killThenCut();
            for (Fault fault : EnumSet.complementOf(EnumSet.of(Fault.LIE))) {
                next.failEach(fault);
                next.failAfterCut(fault, 200);
            }
        }
    }

    /** Returns the number of rounds of randomized tests: the system property {@code wal.rounds}, or 1. */
    public static int rounds() {
        return Integer.getInteger("wal.rounds", 1);
    }

    public CrashPoints<T> rules(DiskRules value) {
        return new CrashPoints<>(workload, check, value, seed, cuts, threads);
    }

    public CrashPoints<T> seed(long value) {
        return new CrashPoints<>(workload, check, rules, value, cuts, threads);
    }

    /** Sets how often power is cut before each change. */
    public CrashPoints<T> cuts(int value) {
        return new CrashPoints<>(workload, check, rules, seed, value, threads);
    }

    /**
     * Sets how many faults are tried concurrently. Default: 1. With more, several threads call the workload and the
     * check, each with its own storage and history. A log can wait for seconds on a failing disk.
     */
    public CrashPoints<T> threads(int value) {
        return new CrashPoints<>(workload, check, rules, seed, cuts, value);
    }

    // ---- power

    /**
     * Cuts power before every change, and at the end.
     *
     * @return the number of checked cuts
     * @throws AssertionError if a check fails; the message describes the crash point and how to repeat it
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
     * Cuts power before every change of the workload, and then again before changes of the check, which are mostly
     * those of the recovery. The second cuts are sampled so that there are about {@code wanted} of them in total.
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
     * Kills the process before every change, lets the check complete, and then cuts power at its end and once in the
     * middle. Data that existed only in the page cache is lost then.
     *
     * @return the number of kills
     */
    public int killThenCut() {
        Run<T> run = run(FaultPlan.NONE);
        Journal.Replay replay = run.storage.journal().replay();
        int deaths = run.storage.journal().size() + 1;
        for (int change = 0; change < deaths; change++) {
            FaultyStorage killed = new FaultyStorage(
                    cutSeed(change, 0), rules, replay.before(change).copy());
            Run<T> reopened = new Run<>(killed, run.history.before(change, killed));
            String death = "process killed before change " + change + ": "
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
     * Fails only operation 1, then only operation 2, and so on until the workload has no more operations. The workload
     * can end with an error. After each fault the check runs on the disk after a kill, after a power cut, after both,
     * and after a power cut between the fault and the end of the workload.
     *
     * @return the number of runs in which the fault occurred
     */
    public int failEach(Fault fault) {
        return failEach(fault, EnumSet.allOf(Operation.Kind.class));
    }

    /** Like {@link #failEach(Fault)}, but only for operations of some kinds. */
    public int failEach(Fault fault, Set<Operation.Kind> kinds) {
        return failFrom(kinds, fault, false);
    }

    /** Like {@link #failEach(Fault, Set)}, but all later operations of these kinds fail as well. */
    public int failPermanently(Fault fault, Set<Operation.Kind> kinds) {
        return failFrom(kinds, fault, true);
    }

    private int failFrom(Set<Operation.Kind> kinds, Fault fault, boolean permanent) {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            int count = 0;
            for (int first = 1; ; first += threads) {
                List<Callable<Boolean>> next = new ArrayList<>();
                for (int nth = first; nth < first + threads; nth++) {
                    NthOfKinds plan = new NthOfKinds(kinds, nth, fault, permanent);
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
            throw new IllegalStateException("unexpected error in the harness", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while faults were tried", e);
        } finally {
            pool.shutdownNow();
        }
    }

    /** Returns whether the workload reached the fault. */
    private boolean failOne(NthOfKinds plan) {
        Run<T> run = run(plan);
        if (run.storage.faults() == 0) {
            return false;
        }
        checkAfterFault(run, plan.fault + (plan.permanent ? " from now on in " : " in ") + plan.first());
        return true;
    }

    /**
     * Cuts power at some moments, and then fails one operation of the check, mostly of the recovery. The check can end
     * with an error. Then the process is killed and the disk is checked, and checked again after another power cut.
     *
     * @param wanted number of power cuts to try
     * @return how often the fault occurred
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
        check(reopened, List.of(what, "process killed"));
        // Records that the reopened log returned must not vanish, although the page cache may have had more than
        // the disk.
        FaultyStorage cut = killed.cutPower(cutSeed);
        check(new Run<>(cut, reopened.history.on(cut)), List.of(what, "process killed", "power cut " + cutSeed));
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

    /** Runs a task that can end with an error if a fault occurred. */
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
