// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

/**
 * What is to be explained.
 *
 * @param figure the figure and its value, a sentence
 * @param event id of the event that it comes down to; 0 for none
 * @param address of the byte in memory that is asked about, -1 if none is
 */
record Effect(String figure, int event, long address) { }
