package io.veloz.wal.bench;

import java.util.List;

/**
 * A program of this module.
 *
 * @param smokeArguments arguments with which it ends in a moment, to show that it still works
 */
record Benchmark(String name, String summary, Program program, List<String> smokeArguments) {
    /** Runs with arguments, and returns the exit code of the process. */
    @FunctionalInterface
    interface Program {
        int run(String... arguments) throws Exception;
    }

    /** A program that fails by an exception only. */
    @FunctionalInterface
    interface Main {
        void run(String[] arguments) throws Exception;
    }

    static Benchmark of(String name, String summary, Program program, String... smokeArguments) {
        return new Benchmark(name, summary, program, List.of(smokeArguments));
    }

    static Benchmark main(String name, String summary, Main main, String... smokeArguments) {
        return of(
                name,
                summary,
                arguments -> {
                    main.run(arguments);
                    return 0;
                },
                smokeArguments);
    }

    /**
     * Returns a program whose arguments have no names.
     *
     * @param usage its arguments, with their defaults, for {@code --help}
     */
    static Benchmark positional(String name, String summary, String usage, Main main, String... smokeArguments) {
        return of(
                name,
                summary,
                arguments -> {
                    if (arguments.length == 1 && arguments[0].equals("--help")) {
                        System.out.println(name + ": " + summary + "\n\nUsage: " + name + " " + usage);
                    } else {
                        main.run(arguments);
                    }
                    return 0;
                },
                smokeArguments);
    }
}
