// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kdump.lab.api.LabException;

/**
 * An argument as QEMU writes them: a value, then properties: {@code edu,addr=5.0,dma_mask=1}. A
 * name alone is on, with "no" before it off. What is wrong is told in QEMU's words.
 */
public final class Properties {

    private final String option;
    private final String argument;
    private final String value;
    private final String id;
    private final Map<String, String> left = new LinkedHashMap<>();

    /**
     * Takes an argument apart.
     *
     * @param option it is the argument of, such as {@code -device}
     */
    public Properties(String option, String argument) {
        this(option, argument, true);
    }

    private Properties(String option, String argument, boolean valued) {
        this.option = option;
        this.argument = argument;
        String[] parts = argument.split(",", -1);
        value = valued ? parts[0] : "";
        for (int i = valued ? 1 : 0; i < parts.length; i++) {
            String part = parts[i];
            int at = part.indexOf('=');
            boolean off = at < 0 && part.startsWith("no");
            left.put(at >= 0 ? part.substring(0, at) : off ? part.substring(2) : part,
                    at >= 0 ? part.substring(at + 1) : off ? "off" : "on");
        }
        id = left.remove("id");
    }

    /** Takes an argument apart that begins with a property: {@code id=x,if=none}. */
    static Properties listed(String option, String argument) {
        return new Properties(option, argument, false);
    }

    /** Returns the name that the command line gives it, or null. */
    public String id() {
        return id;
    }

    /** Returns what stands before the properties. */
    public String value() {
        return value;
    }

    /** Returns what to throw where the argument cannot be followed. */
    LabException refusal(String why) {
        return new LabException(option + " " + argument + ": " + why);
    }

    /** Takes a property as it stands. */
    String text(String name, String otherwise) {
        String text = left.remove(name);
        return text == null ? otherwise : text;
    }

    /** Returns a property without taking it, null if it is not there. */
    String peek(String name) {
        return left.get(name);
    }

    /** Gives it a property that it does not have. */
    void otherwise(String name, String text) {
        left.putIfAbsent(name, text);
    }

    /** Returns whether a property has a value, without taking it. */
    boolean has(String name, String text) {
        return text.equals(left.get(name));
    }

    /** Takes a property that is on or off. */
    boolean flag(String name, boolean otherwise) throws LabException {
        String text = left.remove(name);
        return text == null ? otherwise : switch (text) {
            case "on", "true", "yes", "y" -> true;
            case "off", "false", "no", "n" -> false;
            default -> throw refusal("Parameter '" + name + "' expects 'on' or 'off'");
        };
    }

    /** Takes a property that is on, off, or left to the machine; null for that. */
    Boolean choice(String name) throws LabException {
        String text = left.remove(name);
        return text == null || text.equals("auto") ? null : switch (text) {
            case "on" -> Boolean.TRUE;
            case "off" -> Boolean.FALSE;
            default -> throw refusal("Parameter '" + name + "' does not accept value '" + text
                    + "'");
        };
    }

    /** Takes a property that is a number from 0 to {@code most}, 255 or more. */
    int small(String name, int otherwise, long most) throws LabException {
        long number = number(name, otherwise);
        if (Long.compareUnsigned(number, most) > 0) {
            throw refusal("Parameter '" + name + "' expects uint"
                    + (Long.SIZE - Long.numberOfLeadingZeros(most)) + "_t");
        }
        return (int) number;
    }

    /** Takes a property that is a number of 64 bits. */
    long number(String name, long otherwise) throws LabException {
        String text = left.remove(name);
        return text == null ? otherwise : parsed(name, text);
    }

    /** Returns the number that the text of a property is. */
    long parsed(String name, String text) throws LabException {
        try {
            return Numbers.unsigned(text);
        } catch (NumberFormatException e) {
            throw new LabException(refusal("Parameter '" + name + "' expects integer")
                    .getMessage(), e);
        }
    }

    /** Refuses what nobody took and nobody will. */
    void refuseOthersThan(List<String> known) throws LabException {
        for (String name : left.keySet()) {
            if (!known.contains(name)) {
                throw refusal("Property '" + value + "." + name + "' not found");
            }
        }
    }

    /** Refuses what nobody took. */
    void refuseOthers() throws LabException {
        refuseOthersThan(List.of());
    }
}
