// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The words of a kernel's command line that somebody knows: "parameter=value", where a command line
 * may list several values behind one parameter, or a parameter alone. Immutable once made; the
 * order in which words are added is no matter.
 *
 * <p>Source: Linux, kernel-parameters.txt; lists of values as intel_iommu_setup takes them apart.
 */
public final class KernelWords {

    /** What kstrtobool takes for yes and for no, as people write it. */
    private static final List<String> YES = List.of("1", "y", "Y", "yes", "on", "ON", "On");
    private static final List<String> NO = List.of("0", "n", "N", "no", "off", "OFF", "Off");

    private final Map<String, List<KernelOption>> known = new LinkedHashMap<>();
    /** Parameters of which every value is known, with values that others know. */
    private final Map<String, Set<String>> closed = new HashMap<>();

    /**
     * Adds a word that sets something; a word may set several things.
     *
     * @param text such as "intel_iommu=sm_on" or "nox2apic"
     * @param setting name of the setting
     * @param value of it
     * @param words that tell people
     * @return this
     */
    public KernelWords word(String text, String setting, long value, String words) {
        return add(text, new KernelOption(setting, value, words));
    }

    /**
     * Adds a parameter that is yes or no, in all ways in which people write that.
     *
     * <p>Source: Linux, kstrtobool.
     *
     * @param parameter such as "iommu.strict"
     * @param setting name of the setting
     * @param yes that tells people of the value 1
     * @param no that tells people of the value 0
     * @return this
     */
    public KernelWords flag(String parameter, String setting, String yes, String no) {
        YES.forEach(value -> word(parameter + "=" + value, setting, 1, yes));
        NO.forEach(value -> word(parameter + "=" + value, setting, 0, no));
        return closed(parameter, Set.of());
    }

    /**
     * Says that all values of a parameter are known: of another one is told that kernels have no
     * use for it.
     *
     * @param parameter such as "intel_iommu"
     * @param elsewhere values that are known, but not to these words
     * @return this
     */
    public KernelWords closed(String parameter, Set<String> elsewhere) {
        closed.put(parameter + "=", Set.copyOf(elsewhere));
        return this;
    }

    /**
     * Adds a word that changes nothing here.
     *
     * @param text as for {@link #word}
     * @param why what is told in its place; the word is put before it
     * @return this
     */
    public KernelWords note(String text, String why) {
        return add(text, KernelOption.note(text + " " + why));
    }

    private KernelWords add(String text, KernelOption option) {
        known.computeIfAbsent(text, t -> new ArrayList<>()).add(option);
        return this;
    }

    /**
     * Returns what a command line says: of each setting the last word, and each note once, in the
     * order in which they are met. Words behind "--" are the init program's.
     *
     * @param commandLine as the kernel got it
     */
    public List<KernelOption> options(String commandLine) {
        Map<String, KernelOption> found = new LinkedHashMap<>();
        for (String word : commandLine.trim().split("\\s+")) {
            if (word.equals("--")) {
                break;
            }
            int equals = word.indexOf('=');
            String parameter = word.substring(0, equals + 1);
            for (String value : word.substring(equals + 1).split(",")) {
                for (KernelOption option : known.getOrDefault(parameter + value,
                        unknown(parameter, value))) {
                    String key = option.setting() == null ? option.words() : option.setting();
                    found.remove(key);
                    found.put(key, option);
                }
            }
        }
        return List.copyOf(found.values());
    }

    private List<KernelOption> unknown(String parameter, String value) {
        Set<String> elsewhere = closed.get(parameter);
        return elsewhere == null || value.isEmpty() || elsewhere.contains(value) ? List.of()
                : List.of(KernelOption.note(
                        parameter + value + " is no value that the kernel knows"));
    }
}
