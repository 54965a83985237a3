// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.command;

import java.util.List;

/**
 * What people are told of a command.
 *
 * @param name as they type it
 * @param arguments what follows the name, in capitals, such as "TARGET BDF IOVA"; perhaps empty
 * @param summary what it does, one clause
 * @param options that it takes
 * @param examples whole lines that work, without "./lab"
 */
public record CommandHelp(String name, String arguments, String summary, List<Option> options,
        List<String> examples) {

    /** Copies the lists. */
    public CommandHelp {
        options = List.copyOf(options);
        examples = List.copyOf(examples);
    }

    /**
     * An option.
     *
     * @param name with its dashes
     * @param value what follows it, in capitals; null if nothing does
     * @param text what it does, one clause
     * @param repeats whether it may be given again
     */
    public record Option(String name, String value, String text, boolean repeats) { }
}
