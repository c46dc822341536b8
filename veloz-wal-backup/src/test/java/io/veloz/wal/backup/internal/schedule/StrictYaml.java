package io.veloz.wal.backup.internal.schedule;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the part of YAML that a compose file of ours uses: maps and lists by indentation, strings in double quotes, plain
 * numbers and booleans. Everything else is an error.
 */
final class StrictYaml {
    private final List<String> lines;
    private int at;

    private StrictYaml(List<String> lines) {
        this.lines = lines;
    }

    static Map<String, Object> read(String text) {
        List<String> lines = text.lines()
                .filter(line -> !line.strip().startsWith("#") && !line.isBlank())
                .toList();
        StrictYaml yaml = new StrictYaml(lines);
        Map<String, Object> map = yaml.map(0);
        if (yaml.at != lines.size()) {
            throw yaml.bad("indentation");
        }
        return map;
    }

    private IllegalArgumentException bad(String problem) {
        return new IllegalArgumentException(problem + ": " + lines.get(at));
    }

    private int indent() {
        String line = lines.get(at);
        return line.length() - line.stripLeading().length();
    }

    private Map<String, Object> map(int indent) {
        Map<String, Object> map = new LinkedHashMap<>();
        while (at < lines.size() && indent() == indent && !lines.get(at).startsWith("- ", indent)) {
            entry(map, lines.get(at).substring(indent), indent);
        }
        return map;
    }

    private void entry(Map<String, Object> map, String text, int indent) {
        if (!text.matches("[A-Za-z_-]+:( .+)?")) {
            throw bad("not a key");
        }
        String key = text.substring(0, text.indexOf(':'));
        if (map.containsKey(key)) {
            throw bad("a second key");
        }
        String rest = text.substring(key.length() + 1).strip();
        if (!rest.isEmpty()) {
            map.put(key, scalar(rest));
            at++;
            return;
        }
        at++;
        if (at == lines.size() || indent() != indent + 2) {
            at--;
            throw bad("a key without a value");
        }
        map.put(key, lines.get(at).startsWith("- ", indent + 2) ? list(indent + 2) : map(indent + 2));
    }

    private List<Object> list(int indent) {
        List<Object> list = new ArrayList<>();
        while (at < lines.size() && indent() == indent && lines.get(at).startsWith("- ", indent)) {
            String text = lines.get(at).substring(indent + 2);
            if (text.startsWith("\"")) {
                list.add(scalar(text));
                at++;
            } else {
                Map<String, Object> map = new LinkedHashMap<>();
                entry(map, text, indent + 2);
                map(indent + 2).forEach(map::put);
                list.add(map);
            }
        }
        return list;
    }

    private Object scalar(String text) {
        if (text.equals("true") || text.equals("false")) {
            return Boolean.valueOf(text);
        }
        if (text.matches("[0-9]+")) {
            return Integer.valueOf(text);
        }
        if (!text.matches("\"([^\"\\\\]|\\\\[\"\\\\])*\"")) {
            throw bad("not a string in double quotes");
        }
        return text.substring(1, text.length() - 1).replaceAll("\\\\(.)", "$1");
    }
}
