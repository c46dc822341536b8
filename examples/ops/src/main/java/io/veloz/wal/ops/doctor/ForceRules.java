package io.veloz.wal.ops.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Findings on whether a force reaches the disk. Stateless.
 *
 * <p>That a force does nothing can be seen by its time; that it does something cannot be proven from user space, because a
 * disk or a hypervisor may confirm a flush that it has not done. The thresholds are so low that no disk which does its work
 * is reported.
 */
final class ForceRules {
    /**
     * A write and a flush through the kernel's block layer take longer than this on the fastest devices: one command takes
     * about 10 us on 3D XPoint, and more on flash.
     */
    static final long FASTEST_DEVICE_NANOS = 8_000;

    /** A write and a force that take less than this many times a write alone contain no request to a device. */
    static final int SMALLEST_RATIO = 2;

    /** A write without a force that takes longer does more than copy to the page cache, so the ratio means nothing. */
    static final long PAGE_CACHE_NANOS = 50_000;

    /** A rotating disk needs 2 ms for half a turn at 15,000 turns a minute. */
    static final long FASTEST_ROTATION_NANOS = 1_000_000;

    private static final String CAUSES =
            "tmpfs, an overlay with `volatile`, a network file system, `barrier=0` or `nobarrier`, a hypervisor that"
                    + " ignores flushes (QEMU: cache=unsafe), `eatmydata`, or a disk or controller whose volatile cache"
                    + " confirms flushes";

    private ForceRules() {}

    static List<Finding> apply(Facts facts, Measured measured) {
        List<Finding> findings = new ArrayList<>();
        Optional<Finding> problem = doesNothing(facts, measured);
        if (problem.isPresent()) {
            findings.add(problem.get());
        } else {
            findings.add(reachesTheDevice(measured));
            rotation(facts, measured).ifPresent(findings::add);
        }
        return findings;
    }

    private static Optional<Finding> doesNothing(Facts facts, Measured measured) {
        long forced = measured.of(Series.FORCED_4K).p50();
        long unforced = measured.of(Series.UNFORCED_4K).p50();
        String reason = "";
        if (forced < FASTEST_DEVICE_NANOS && !hasDirectAccess(facts.mount())) {
            reason = "no disk is that fast: the limit of this check is " + Quantity.nanos(FASTEST_DEVICE_NANOS);
        } else if (forced < SMALLEST_RATIO * unforced && unforced < PAGE_CACHE_NANOS) {
            reason =
                    "that is less than " + SMALLEST_RATIO + " times a write without force, " + Quantity.nanos(unforced);
        }
        if (reason.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Severity.PROBLEM,
                "force_does_nothing",
                "a force seems to do nothing: a write of 4 KiB with force takes " + Quantity.nanos(forced)
                        + " (p50), and " + reason,
                "a power failure would lose acknowledged records; possible causes: " + CAUSES));
    }

    /** With DAX, a force flushes the caches of the processor, without a request to a device. */
    private static boolean hasDirectAccess(Mount mount) {
        return mount.has("dax") || mount.has("dax=always");
    }

    private static Finding reachesTheDevice(Measured measured) {
        long forced = measured.of(Series.FORCED_4K).p50();
        long unforced = Math.max(1, measured.of(Series.UNFORCED_4K).p50());
        boolean separable = unforced < PAGE_CACHE_NANOS;
        return new Finding(
                Severity.OK,
                "force_does_something",
                "a write of 4 KiB with force takes " + Quantity.nanos(forced) + " (p50), "
                        + (separable
                                ? Quantity.ratio((double) forced / unforced)
                                        + " times a write without force: it reaches a" + " device or a server"
                                : "and a write without force " + Quantity.nanos(unforced)
                                        + ": writes themselves reach a device or a server"),
                "that the content survives a power failure cannot be proven from user space; to test it, cut the power"
                        + " while `veloz-wal stress` runs, and look for every acked line afterwards");
    }

    private static Optional<Finding> rotation(Facts facts, Measured measured) {
        long forced = measured.of(Series.FORCED_4K).p50();
        boolean rotates = !facts.disks().isEmpty() && facts.disks().stream().allMatch(ForceRules::isRealAndRotates);
        if (!rotates || forced >= FASTEST_ROTATION_NANOS) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Severity.WARNING,
                "force_faster_than_rotation",
                "a write of 4 KiB with force takes " + Quantity.nanos(forced)
                        + " (p50), which is less than a rotating disk" + " needs ("
                        + facts.disks().get(0).name() + "): a write cache confirms it",
                "establish that this cache has a battery or flash; otherwise disable it (`hdparm -W 0`)"));
    }

    private static boolean isRealAndRotates(BlockDevice disk) {
        return disk.rotational() && !disk.isVirtual();
    }
}
