from __future__ import annotations

from deepbass_engine.nsynth.cpu.crew import Crew


def numbers(crew: Crew, rates: dict[int, float], n_calls: int) -> list[int]:
    """Threads of each call where so many reach such a rate."""
    used = []
    for _ in range(n_calls):
        used.append(crew.n_threads)
        crew.note(rates[crew.n_threads])
    return used


def test_one_thread_is_always_one():
    assert set(numbers(Crew(1), {1: 1.0}, 100)) == {1}


def test_the_faster_number_goes_on():
    used = numbers(Crew(2), {1: 3.0, 2: 1.0}, 100)
    assert used[:4] == [2, 2, 2, 2]
    assert used[5:].count(2) <= 5


def test_a_trial_that_loses_puts_off_the_next():
    used = numbers(Crew(2), {1: 1.0, 2: 3.0}, 400)
    trials = [call for call, n_threads in enumerate(used) if n_threads == 1]
    gaps = [b - a for a, b in zip([0, *trials], trials, strict=False)]
    assert gaps == sorted(gaps)
    assert len(trials) <= 10


def test_all_come_back_when_there_is_room_again():
    crew = Crew(4)
    numbers(crew, {1: 3.0, 2: 2.0, 4: 1.0}, 100)
    assert crew.n_threads == 1
    used = numbers(crew, {1: 1.0, 2: 2.0, 4: 4.0}, 200)
    assert used[-20:].count(4) >= 19


def test_a_trial_gets_a_small_part_of_a_call():
    crew = Crew(2)
    assert crew.n_steps(800) == 800
    numbers(crew, {1: 1.0, 2: 3.0}, 4)
    assert (crew.n_threads, crew.n_steps(800)) == (1, 100)
