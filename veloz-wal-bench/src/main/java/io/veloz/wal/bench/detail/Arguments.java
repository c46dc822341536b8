package io.veloz.wal.bench.detail;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a program: {@code --dir}, {@code --smoke}, and numbers with a default for a full and a smoke run. */
final class Arguments {
    private record Setting(String full, String smoke, String meaning) {}

    private final String program;
    private final String description;
    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private final Map<String, String> given = new LinkedHashMap<>();
    private boolean smoke;
    private boolean help;

    Arguments(Class<?> program, String description) {
        this.program = program.getName();
        this.description = description;
    }

    /** Adds a setting, which is a number or several with commas between them. */
    Arguments number(String name, String full, String smokeValue, String meaning) {
        settings.put(name, new Setting(full, smokeValue, meaning));
        return this;
    }

    Arguments parse(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            String name = argument.startsWith("--") ? argument.substring(2) : "";
            if (name.equals("help")) {
                help = true;
            } else if (name.equals("smoke")) {
                smoke = true;
            } else if (name.equals("dir") || settings.containsKey(name)) {
                if (++i == arguments.length) {
                    throw new IllegalArgumentException(argument + " has no value" + System.lineSeparator() + usage());
                }
                given.put(name, arguments[i]);
            } else {
                throw new IllegalArgumentException("unknown argument " + argument + System.lineSeparator() + usage());
            }
        }
        return this;
    }

    /** Prints the usage and returns true if the arguments request it. */
    boolean printsHelp(PrintStream out) {
        if (help) {
            out.println(usage());
        }
        return help;
    }

    private String usage() {
        StringBuilder text = new StringBuilder(description)
                .append(System.lineSeparator())
                .append("usage: java ... ")
                .append(program)
                .append(" [--smoke] [--dir DIR]");
        settings.keySet().forEach(name -> text.append(" [--").append(name).append(" N]"));
        text.append(System.lineSeparator())
                .append("  --smoke: tiny sizes, to see that the program works; the figures mean nothing");
        text.append(System.lineSeparator())
                .append("  --dir: a directory on the disk to measure (default: the temporary directory)");
        settings.forEach((name, setting) -> text.append(System.lineSeparator())
                .append("  --")
                .append(name)
                .append(": ")
                .append(setting.meaning)
                .append(" (default ")
                .append(setting.full)
                .append("; smoke ")
                .append(setting.smoke)
                .append(')'));
        return text.toString();
    }

    /** Returns the directory in which the program creates its own; empty: the temporary directory. */
    String directory() {
        return given.getOrDefault("dir", "");
    }

    boolean smoke() {
        return smoke;
    }

    int number(String name) {
        List<Integer> all = numbers(name);
        if (all.size() != 1) {
            throw new IllegalArgumentException("--" + name + ": expected one number, got " + all);
        }
        return all.get(0);
    }

    List<Integer> numbers(String name) {
        Setting setting = settings.get(name);
        if (setting == null) {
            throw new IllegalArgumentException("the program has no setting " + name);
        }
        String value = given.getOrDefault(name, smoke ? setting.smoke : setting.full);
        List<Integer> numbers;
        try {
            numbers = Arrays.stream(value.split(",", -1)).map(Integer::valueOf).toList();
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--" + name + " " + value + ": expected numbers of 1 or more", e);
        }
        if (numbers.stream().anyMatch(number -> number < 1)) {
            throw new IllegalArgumentException("--" + name + " " + value + ": expected numbers of 1 or more");
        }
        return numbers;
    }
}
