package io.veloz.wal.ops.doctor;

import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * The processors of the JVM. Immutable.
 *
 * @param visible the number that the JVM uses for its own threads
 * @param limit the processors that the control group may use on average; empty if there is no limit or if it is unknown
 */
public record Processors(int visible, OptionalDouble limit) {

    /** Reads the limits of the control group of this process and of all groups that contain it (cgroup v2 and v1). */
    static Processors of(int visible, KernelFiles files) {
        double limit = Double.POSITIVE_INFINITY;
        for (String line :
                files.text(files.path("/proc/self/cgroup")).orElse("").split("\n", -1)) {
            String[] fields = line.split(":", 3);
            if (fields.length < 3) {
                continue;
            }
            if (fields[1].isEmpty()) {
                limit = Math.min(limit, lowest("/sys/fs/cgroup", fields[2], files));
                limit = Math.min(limit, lowest("/sys/fs/cgroup/unified", fields[2], files));
            } else if (("," + fields[1] + ",").contains(",cpu,")) {
                limit = Math.min(limit, lowest("/sys/fs/cgroup/" + fields[1], fields[2], files));
                limit = Math.min(limit, lowest("/sys/fs/cgroup/cpu", fields[2], files));
            }
        }
        return new Processors(visible, limit < visible ? OptionalDouble.of(limit) : OptionalDouble.empty());
    }

    private static double lowest(String base, String group, KernelFiles files) {
        Path top = files.path(base);
        double limit = Double.POSITIVE_INFINITY;
        // In a container, the path of the group may be that of the host, and only the top exists.
        for (Path at = top.resolve(group.substring(Math.min(1, group.length()))).normalize();
                at != null && at.startsWith(top);
                at = at.getParent()) {
            limit = Math.min(limit, quota(files.text(at.resolve("cpu.max")).orElse("")));
            limit = Math.min(
                    limit,
                    quota(files.text(at.resolve("cpu.cfs_quota_us")).orElse("") + " "
                            + files.text(at.resolve("cpu.cfs_period_us")).orElse("")));
        }
        return limit;
    }

    /** Returns the processors of a quota and a period; infinity if there is no quota, which is "max" or -1. */
    private static double quota(String text) {
        String[] words = text.split(" ", -1);
        boolean isQuota = words.length == 2 && words[0].matches("[1-9]\\d{0,14}") && words[1].matches("[1-9]\\d{0,14}");
        return isQuota ? Double.parseDouble(words[0]) / Double.parseDouble(words[1]) : Double.POSITIVE_INFINITY;
    }
}
