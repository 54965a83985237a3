// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import java.util.LinkedHashMap;
import java.util.Map;
import kdump.lab.api.LabException;

/** An argument as QEMU writes them: a value, then properties: {@code edu,addr=5.0,dma_mask=1}. */
final class Properties {

    private final String value;
    private final String id;
    private final Map<String, String> left = new LinkedHashMap<>();

    /**
     * Takes an argument apart.
     *
     * @throws LabException if a property has no value
     */
    Properties(String argument) throws LabException {
        String[] parts = argument.split(",", -1);
        value = parts[0];
        for (int i = 1; i < parts.length; i++) {
            int at = parts[i].indexOf('=');
            if (at < 1) {
                throw new LabException("'" + argument + "', expected NAME=VALUE after a comma");
            }
            left.put(parts[i].substring(0, at), parts[i].substring(at + 1));
        }
        id = left.remove("id");
    }

    /** Returns the name that the command line gives it, or null. */
    String id() {
        return id;
    }

    /** Returns what stands before the properties. */
    String value() {
        return value;
    }

    /** Takes a property as it stands. */
    String text(String name, String otherwise) {
        String text = left.remove(name);
        return text == null ? otherwise : text;
    }

    /** Takes a property that is on or off. */
    boolean flag(String name, boolean otherwise) throws LabException {
        String text = left.remove(name);
        if (text == null || text.equals("auto")) {
            return otherwise;
        }
        return switch (text) {
            case "on", "true", "yes", "y" -> true;
            case "off", "false", "no", "n" -> false;
            default -> throw new LabException(
                    value + ": " + name + " '" + text + "', expected on or off");
        };
    }

    /** Takes a property that is a number of 64 bits. */
    long number(String name, long otherwise) throws LabException {
        String text = left.remove(name);
        try {
            return text == null ? otherwise : Numbers.unsigned(text);
        } catch (NumberFormatException e) {
            throw new LabException(value + ": " + name + " '" + text + "', expected a number", e);
        }
    }

    /** Refuses what nobody took. */
    void refuseOthers() throws LabException {
        if (!left.isEmpty()) {
            throw new LabException(value + ": unknown property '"
                    + left.keySet().iterator().next() + "'");
        }
    }
}
